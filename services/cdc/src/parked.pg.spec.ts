import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parkedMarker } from '#contracts/topics/parked';
import type { StoredRecord } from '#libs/changelog/change-log';
import { CdcHarness, type Event } from './testing/cdc-harness.ts';

let cdc: CdcHarness;
beforeEach(async () => {
  cdc = await CdcHarness.create();
});
afterEach(() => cdc.close());

async function letters(): Promise<StoredRecord[]> {
  const found: StoredRecord[] = [];
  for await (const record of cdc.log.read(`${cdc.prefix}.__dlq`, 0, 0n)) found.push(record);
  return found;
}
const ordinal = ({ id }: Event): string | undefined => id.split(':')[3];

/** Text that does not compress, so that its size is what the limit is about. */
const NOISE = `(select string_agg(md5(n::text), '') from generate_series(1, 1000) n)`;

/** Bytes, while a row of 240 MB passes. */
const MOST_HELD = 120 << 20;

describe('a row over CDC_MAX_ROW_BYTES', () => {
  it('is parked by key, leaves a marker where it would be, and the rest flow in order under the ids that they have', async () => {
    await cdc.sql('create table t (id int primary key, big text, small text)');
    await cdc.streaming({ CDC_MAX_ROW_BYTES: 10_000 });
    await cdc.sql(`insert into t select n, case when n = 3 then ${NOISE} else 'ok' end, 's' || n from generate_series(1, 5) n`);
    await cdc.sql(`update t set big = 'fits' where id = 3; delete from t where id = 3`);
    const events = await cdc.published('public.t');
    expect(events.map((event) => [event.op, (event.key as { id: number }).id, ordinal(event)])).toEqual([
      ['c', 1, '0'],
      ['c', 2, '1'],
      ['p', 3, '2'],
      ['c', 4, '3'],
      ['c', 5, '4'],
      ['u', 3, '0'],
      ['d', 3, '1'],
      [null, 3, '1'],
    ]);
    expect(parkedMarker.parse(JSON.parse(events[2]?.text ?? ''))).toMatchObject({ parked: { reason: 'row-too-large', op: 'c', topic: 'test.__dlq' } });
    expect(events[2]?.headers['parked']).toBe('row-too-large');
    const [letter, ...others] = await letters();
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ headers: { id: events[2]?.id, 'parked.reason': 'row-too-large', 'parked.topic': 'test.public.t' } });
    expect(letter?.key?.toString()).toBe('{"id":3}');
    expect(JSON.parse(letter?.value?.toString() ?? '')).toMatchObject({ op: 'c', after: { id: 3, big: '__debezium_unavailable_value', small: 's3' } });
  });

  it('is parked once when capture is killed and sees it again, and an old row that is too large is left out of `before`', async () => {
    await cdc.sql(`create table t (id int primary key, big text); alter table t replica identity full; insert into t values (1, ${NOISE})`);
    const service = await cdc.streaming({ CDC_MAX_ROW_BYTES: 10_000 });
    await cdc.sql(`insert into t values (2, ${NOISE})`);
    await cdc.published();
    await service.end();
    await cdc.streaming({ CDC_MAX_ROW_BYTES: 10_000 });
    await cdc.sql(`update t set big = 'fits' where id = 1; delete from t where id = 2`);
    const events = await cdc.published('public.t');
    expect(events.map(({ op }) => op)).toEqual(['p', 'u', 'd', null]);
    expect(events[1]).toMatchObject({ before: { id: 1, big: '__debezium_unavailable_value' }, after: { id: 1, big: 'fits' } });
    expect(events[2]).toMatchObject({ before: { id: 2, big: '__debezium_unavailable_value' } });
    expect(await letters()).toHaveLength(1);
  });

  it('takes little memory while it passes', async () => {
    await cdc.sql('create table t (id int primary key, big text); alter table t alter big set storage external');
    await cdc.streaming({ CDC_MAX_ROW_BYTES: 1_000_000 });
    // Buffers that are held: what looks like too much is collected first, and no more often, for a worker that has run many suites takes seconds to collect.
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const external = (): number => process.memoryUsage().external;
    collect();
    const before = external();
    let held = 0;
    const watching = setInterval(() => {
      if (external() - before < MOST_HELD) return;
      collect();
      held = Math.max(held, external() - before);
    }, 20);
    let events;
    try {
      await cdc.sql(`insert into t select n, repeat('x', 240000000) from generate_series(1, 1) n`);
      events = await cdc.published('public.t');
    } finally {
      clearInterval(watching);
    }
    expect(events.map(({ op }) => op)).toEqual(['p']);
    expect(held).toBeLessThan(MOST_HELD);
  });

  it.each([
    ['by key', 'id int primary key', ''],
    ['by block', 'id int', 'alter table t replica identity full;'],
  ])('is parked by a snapshot too, which does not read what is too large: %s', async (_title, key, then) => {
    await cdc.sql(`create table t (${key}, big text, doc jsonb, raw bytea); ${then}
      insert into t select n, case when n = 3 then ${NOISE} else 'ok' end, '{}', case when n = 5 then decode(${NOISE}, 'hex') end from generate_series(1, 6) n`);
    const service = await cdc.streaming({ CDC_MAX_ROW_BYTES: 10_000, CDC_SNAPSHOT: 'initial', CDC_TABLES: ['public.t', 'public.marks'] });
    await service.snapshot(({ table, state }) => table === 't' && state === 'completed');
    const events = await cdc.published('public.t');
    expect(events.map(({ op, key }) => [op, key && (key as { id: number }).id])).toEqual(
      [1, 2, 3, 4, 5, 6].map((id) => [id === 3 || id === 5 ? 'p' : 'r', then === '' ? id : null]),
    );
    expect(parkedMarker.parse(JSON.parse(events[2]?.text ?? ''))).toMatchObject({
      source: { snapshot: 'incremental' },
      parked: { op: 'r', reason: 'row-too-large' },
    });
    const found = (await letters()).map(({ headers, value }) => [headers['id'], (JSON.parse(String(value)) as { after: unknown }).after]);
    expect(found).toEqual([
      [events[2]?.id, { id: 3, big: '__debezium_unavailable_value', doc: '{}', raw: null }],
      [events[4]?.id, { id: 5, big: 'ok', doc: '{}', raw: '__debezium_unavailable_value' }],
    ]);
  });
});
