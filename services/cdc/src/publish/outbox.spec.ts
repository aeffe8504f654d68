import { describe, expect, it } from '@jest/globals';
import { ZERO_LSN } from '#libs/pgoutput/lsn';
import { Outbox, type OutboxRecord } from './outbox.ts';

const record = (topic: string, barrier = false): OutboxRecord => ({
  topic,
  key: null,
  value: Buffer.alloc(1),
  headers: {},
  ...(barrier ? { barrier: true } : {}),
});

describe('the outbox', () => {
  it('ends a batch at a barrier, so that what follows waits until it is durable', () => {
    const outbox = new Outbox();
    const records = [record('a'), record('schema', true), record('schema', true), record('b'), record('c')];
    outbox.add(records, { end: ZERO_LSN, lastCommit: null, open: null }, null);
    const batches = [outbox.take(), outbox.take(), outbox.take()].map((batch) => batch.map(({ topic }) => topic));
    expect(batches).toEqual([['a', 'schema'], ['schema'], ['b', 'c']]);
    expect([outbox.length, outbox.bytes]).toEqual([0, 0]);
  });
});
