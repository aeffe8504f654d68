import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import type { LogRecord } from '#libs/changelog/change-log';
import { Failure } from '#libs/failure/failure';
import { toLsn, ZERO_LSN } from '#libs/pgoutput/lsn';
import { SystemClock } from '#libs/runtime/clock';
import type { Position } from '../change/position.ts';
import { createCdcMetrics } from '../metrics.ts';
import { BATCH_BYTES } from './outbox.ts';
import { Publisher } from './publisher.ts';

const at = (end: number): Position => ({ end: toLsn(BigInt(end)), lastCommit: null, open: null });
const record = (text: string): LogRecord => ({ topic: 't', key: null, value: Buffer.from(text), headers: {} });

/** A producer that a test answers by hand, and a journal of what happened in which order. */
class Bench {
  readonly journal: string[] = [];
  readonly released: LogRecord[] = [];
  readonly waiting: PromiseWithResolvers<void>[] = [];
  readonly publisher: Publisher;
  failure: Failure | undefined;

  constructor(lingerMs = 1_000, gatherMs = 60_000) {
    this.publisher = new Publisher({
      producer: { append: (records) => this.#append(records), close: async () => undefined },
      from: { end: ZERO_LSN, lastCommit: null, open: null },
      progressRecord: ({ end }) => ({ topic: 'progress', key: null, value: Buffer.from(String(end)), headers: {} }),
      acknowledge: (end) => void this.journal.push(`acknowledge ${end}`),
      onFailure: (failure) => (this.failure = failure),
      onDurable: (records) => void this.released.push(...records),
      refused: (_record, error) => {
        throw error;
      },
      clock: new SystemClock(),
      linger: { afterRecordsMs: lingerMs, afterIdleMs: lingerMs, gatherMs },
      metrics: createCdcMetrics(new Registry(), () => null),
    });
  }

  async #append(records: readonly LogRecord[]): Promise<void> {
    const texts = records.map(({ topic, value }) => `${topic} ${value?.toString()}`);
    this.journal.push(`append ${texts.join(', ')}`);
    const answer = Promise.withResolvers<void>();
    this.waiting.push(answer);
    await answer.promise;
    this.journal.push(...texts.map((text) => `durable ${text}`));
  }

  /** Answers the append in flight. */
  async answer(error?: Error): Promise<void> {
    const answer = this.waiting.shift();
    if (error) answer?.reject(error);
    else answer?.resolve();
    await turn();
  }
}

describe('the publisher', () => {
  it('has one append in flight, and the next takes whatever gathered meanwhile', async () => {
    const bench = new Bench();
    for (const [index, text] of ['a', 'b', 'c'].entries()) await bench.publisher.add([record(text)], { position: at(index + 1), commitTime: null });
    await turn();
    expect(bench.journal).toEqual(['append t a']);
    await bench.answer();
    expect(bench.journal.at(-1)).toBe('append t b, t c');
    await bench.answer();
    bench.publisher.abandon(new Failure('bug', 'end'));
  });

  it('tells of records once the log has them, and never of those that it may not have', async () => {
    const bench = new Bench();
    for (const [index, text] of ['a', 'b'].entries()) await bench.publisher.add([record(text)], { position: at(index + 1), commitTime: null });
    await turn();
    expect(bench.released).toEqual([]);
    await bench.answer();
    expect(bench.released).toEqual([record('a')]);
    await bench.answer(new Error('connection reset'));
    expect(bench.released).toEqual([record('a')]);
  });

  it('waits for more to come until a batch is full, or told that it has to wait for it', async () => {
    const bench = new Bench();
    const more = (text: string, position: number): Promise<void> =>
      bench.publisher.add([record(text)], { position: at(position), commitTime: null, more: true });
    await more('a', 1);
    await more('b', 2);
    await turn();
    expect(bench.journal).toEqual([]);
    bench.publisher.flush();
    await turn();
    expect(bench.journal).toEqual(['append t a, t b']);
    const large = 'x'.repeat(BATCH_BYTES);
    await more(large, 3);
    await more('c', 4);
    await bench.answer();
    expect(bench.journal.at(-1)).toBe(`append t ${large}`);
    await bench.answer();
    expect(bench.journal.at(-1)).toBe(`durable t ${large}`);
    await bench.publisher.add([record('d')], { position: at(5), commitTime: null });
    await turn();
    expect(bench.journal.at(-1)).toBe('append t c, t d');
    bench.publisher.abandon(new Failure('bug', 'end'));
  });

  it('waits for more only so long', async () => {
    const bench = new Bench(1_000, 1);
    await bench.publisher.add([record('a')], { position: at(1), commitTime: null, more: true });
    while (bench.journal.length === 0) await turn();
    expect(bench.journal).toEqual(['append t a']);
    bench.publisher.abandon(new Failure('bug', 'end'));
  });

  it('writes progress only of what is durable and confirms only progress that is durable, however things interleave', async () => {
    const step = fc.oneof(fc.constantFrom('answer' as const, 'idle' as const, 'flush' as const), fc.integer({ min: 0, max: 3 }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.constantFrom(0, 1_000), fc.boolean(), async (steps, lingerMs, more) => {
        const bench = new Bench(lingerMs);
        let position = 0;
        const drained: Promise<void>[] = [];
        for (const action of steps) {
          if (action === 'answer') await bench.answer();
          else if (action === 'flush') bench.publisher.flush();
          else if (action === 'idle') await bench.publisher.add([], { position: at((position += 1)), commitTime: null, urgent: true });
          else {
            position += 1;
            await bench.publisher.add(
              Array.from({ length: action }, () => record(String(position))),
              { position: at(position), commitTime: null, more },
            );
          }
        }
        drained.push(bench.publisher.drain());
        await turn();
        while (bench.waiting.length > 0) await bench.answer();
        await Promise.all(drained);
        check(bench.journal);
        if (position > 0) expect(bench.journal).toContain(`acknowledge ${position}`);
      }),
      { numRuns: 200 },
    );
  });

  it('publishes and confirms nothing after an append that failed', async () => {
    const bench = new Bench();
    await bench.publisher.add([record('a')], { position: at(1), commitTime: null });
    await bench.publisher.add([record('b')], { position: at(2), commitTime: null });
    await turn();
    await bench.answer(new Failure('fenced', 'a newer producer'));
    await bench.publisher.drain();
    expect(bench.failure).toMatchObject({ kind: 'fenced' });
    expect(bench.journal).toEqual(['append t a']);
  });
});

/** Order of the journal: a record is appended before it is durable, durable before its progress is appended, that durable before it is confirmed. */
function check(journal: readonly string[]): void {
  const appended = new Set<string>();
  const durable: Record<string, number> = {};
  const total: Record<string, number> = {};
  for (const line of journal) for (const text of line.startsWith('append ') ? line.slice(7).split(', ') : []) total[text] = (total[text] ?? 0) + 1;
  for (const line of journal) {
    if (line.startsWith('durable ')) durable[line.slice(8)] = (durable[line.slice(8)] ?? 0) + 1;
    for (const text of line.startsWith('append ') ? line.slice(7).split(', ') : []) {
      if (text.startsWith('progress ')) for (let end = 1; end <= Number(text.slice(9)); end += 1) expect(durable[`t ${end}`]).toBe(total[`t ${end}`]);
      appended.add(text);
    }
    if (line.startsWith('acknowledge ')) expect(durable[`progress ${line.slice(12)}`]).toBeGreaterThan(0);
  }
}
