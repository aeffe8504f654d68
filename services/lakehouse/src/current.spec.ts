import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { HistoryFeeds } from './ingest/history-feeds.ts';
import { type Change, HistoryHarness } from './testing/history-harness.ts';

let lake: HistoryHarness;
beforeEach(async () => {
  lake = await HistoryHarness.create();
});
afterEach(() => lake.close());

const TYPES = { id: 'int4', n: 'int4', note: 'text' };
const PLACEHOLDER = '__debezium_unavailable_value';

type Step =
  | { kind: 'put'; id: number; n: number; note: string | null }
  | { kind: 'touch'; id: number; n: number }
  | { kind: 'delete'; id: number }
  | { kind: 'truncate' }
  | { kind: 'compact' };
const id = fc.integer({ min: 1, max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('put' as const), id, n: fc.integer({ min: 0, max: 99 }), note: fc.option(fc.constantFrom('a', 'b')) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('touch' as const), id, n: fc.integer({ min: 0, max: 99 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('compact' as const) }) },
);

type Model = Map<number, { id: number; n: number; note: string | null }>;

/** The change that a step is, given the rows so far, which it changes; undefined where there is nothing to do. */
function play(step: Exclude<Step, { kind: 'compact' }>, model: Model): Change | undefined {
  switch (step.kind) {
    case 'truncate':
      model.clear();
      return { op: 't' };
    case 'delete':
      return model.delete(step.id) ? { op: 'd', before: `{"id":${step.id}}`, key: `{"id":${step.id}}` } : undefined;
    case 'put': {
      const op = model.has(step.id) ? 'u' : 'c';
      const { id: key, n, note } = step;
      model.set(key, { id: key, n, note });
      return { op, after: JSON.stringify({ id: key, n, note }), key: `{"id":${key}}` };
    }
    case 'touch': {
      const row = model.get(step.id);
      if (!row) return undefined;
      row.n = step.n;
      return { op: 'u', after: JSON.stringify({ id: row.id, n: row.n, note: PLACEHOLDER }), key: `{"id":${row.id}}` };
    }
    default:
      return step satisfies never;
  }
}

async function run(steps: readonly Step[], table: string, feeds: HistoryFeeds): Promise<{ found: unknown; model: unknown }> {
  const model: Model = new Map();
  const upkeep = lake.upkeep(table, { sliceChanges: 3n });
  let waiting: Change[] = [{ op: 'c', after: '{"id":0,"n":0,"note":null}', key: '{"id":0}' }];
  model.set(0, { id: 0, n: 0, note: null });
  for (const next of [...steps, { kind: 'last' } as const]) {
    if (next.kind === 'compact' || next.kind === 'last') {
      await lake.append(waiting, table);
      await lake.settled(feeds, table);
      waiting = [];
      if (next.kind === 'compact') await upkeep.run(0);
      continue;
    }
    const change = play(next, model);
    if (change) waiting.push(change);
  }
  return { found: await lake.current(table), model: [...model.values()].toSorted((left, right) => left.id - right.id) };
}

describe('the current relation', () => {
  it('is the source table, whatever was changed, truncated and compacted when', async () => {
    const feeds = await lake.run(TYPES);
    let tables = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const { found, model } = await run(steps, `t${(tables += 1)}`, feeds);
        expect(found).toEqual(model);
      }),
      { numRuns: 6 },
    );
  });

  it('goes on over columns that came after the last compaction', async () => {
    const types: Record<string, string> = { ...TYPES };
    const feeds = await lake.run(types);
    await lake.append([{ op: 'c', after: '{"id":1,"n":1,"note":"x"}' }]);
    await lake.settled(feeds);
    const upkeep = lake.upkeep();
    expect(await upkeep.run(0)).toBe(1);
    expect(await upkeep.run(0)).toBe(0);
    types['more'] = 'bool';
    await lake.append([{ op: 'c', after: '{"id":2,"n":2,"note":null,"more":true}', key: '{"id":2}' }]);
    await lake.settled(feeds);
    expect(await lake.current()).toEqual([
      { id: 1, n: 1, note: 'x', more: null },
      { id: 2, n: 2, note: null, more: true },
    ]);
    expect(await upkeep.run(0)).toBe(1);
    expect((await lake.lakehouse.describe({ schema: 'public', name: 't_base' }))?.properties).toMatchObject({
      'lakeloop.source': 'public.t',
      'lakeloop.kind': 'base',
    });
    expect(await lake.current()).toHaveLength(2);
  });

  it('takes columns of any name, also of those that the queries use', async () => {
    const names = ['at', 'o', 'c', 'm', 'l', 'n', 'a', 't', 'r', 'v', 'p', 's', 'b', 'h', 'g', 'staged', 'newer', 'settled', 'select', 'odd "name'];
    const feeds = await lake.run({ id: 'int4', ...Object.fromEntries(names.map((name) => [name, 'int4'])) });
    const row = (value: number): string => JSON.stringify({ id: 1, ...Object.fromEntries(names.map((name, index) => [name, value + index])) });
    const upkeep = lake.upkeep();
    await lake.append([{ op: 'c', after: row(100), lsn: 32n, ordinal: 3 }]);
    await lake.settled(feeds);
    await upkeep.run(0);
    await lake.append([{ op: 'u', after: row(7), lsn: 32n, ordinal: 4 }]);
    await lake.settled(feeds);
    expect((await lake.history()).map(({ _ordinal: ordinal, _commit_lsn: lsn, _change_type: type }) => [lsn, ordinal, type])).toEqual([
      [32n, 3n, 'insert'],
      [32n, 4n, 'update'],
    ]);
    expect(await lake.current()).toEqual([JSON.parse(row(7))]);
    await upkeep.run(0);
    expect(await lake.current()).toEqual([JSON.parse(row(7))]);
  });

  it('stays of few files: small ones become large ones', async () => {
    const feeds = await lake.run(TYPES, { flushMs: 50 });
    const upkeep = lake.upkeep();
    for (let n = 0; n < 21; n += 1) {
      await lake.append([{ op: n === 0 ? 'c' : 'u', after: `{"id":1,"n":${n},"note":null}` }]);
      await lake.settled(feeds);
    }
    await upkeep.run(0);
    const state = await lake.lakehouse.describe({ schema: 'public', name: 't_history' });
    expect(state).toMatchObject({ files: 1, rows: 21n });
  });
});
