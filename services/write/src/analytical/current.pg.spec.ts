import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BASE_COLUMNS, HISTORY_COLUMNS, PROPERTY } from '#libs/lakehouse/history/history-columns';
import type { LakeColumn, LakeValue } from '#libs/lakehouse/lake-type';
import { type BothLayers, bothLayers, LAKE_ENGINES } from '../testing/both-layers.ts';

const COLUMNS: LakeColumn[] = [
  { name: 'id', type: 'integer' },
  { name: 'amount', type: { decimal: { precision: 10, scale: 2 } } },
  { name: `it's "odd"`, type: 'string' },
  { name: 'at', type: 'timestamp' },
];
const ODD = `it's "odd"`;
const AT = '2024-02-29T08:00:00.500000Z';

interface Change {
  kind: 'insert' | 'update' | 'delete' | 'truncate';
  row?: readonly [id: number, amount: string | null, odd: string | null];
  unchanged?: string[];
}

/** Rows of a history, one a change, each a commit of its own. */
function historyOf(changes: readonly Change[], from = 1): Record<string, LakeValue>[] {
  return changes.map(({ kind, row = [0, null, null], unchanged }, index) => ({
    id: row[0],
    amount: row[1],
    [ODD]: row[2],
    at: AT,
    _change_type: kind,
    _commit_lsn: BigInt(from + index),
    _ordinal: 0n,
    _commit_time: AT,
    _partition: 0,
    _offset: BigInt(from + index),
    _unchanged: unchanged ? JSON.stringify(unchanged) : null,
  }));
}

describe.each(LAKE_ENGINES)('the current rows of a governed table, with a lakehouse of %s', (engine) => {
  let layers: BothLayers;
  beforeAll(async () => {
    layers = await bothLayers(
      engine,
      `do $$ begin execute format('alter database %I set timezone to ''UTC''', current_database()); end $$;
       create schema app;
       create table app.orders (id integer primary key, amount numeric(10,2), "it's ""odd""" text collate "C", at timestamptz)`,
    );
    const { lakehouse, database } = layers;
    const properties = { [PROPERTY.source]: 'app.orders', [PROPERTY.key]: '["id"]' };
    const [history, base] = [
      { schema: 'app', name: 'orders_history' },
      { schema: 'app', name: 'orders_base' },
    ];
    await lakehouse.ensureTable(history, { columns: [...COLUMNS, ...HISTORY_COLUMNS], properties: { ...properties, [PROPERTY.kind]: 'history' } });
    await lakehouse.append(history, {
      rows: historyOf([
        { kind: 'insert', row: [1, '1.00', 'gone'] },
        { kind: 'truncate' },
        { kind: 'insert', row: [2, '2.00', 'kept'] },
        { kind: 'insert', row: [3, '3.00', 'deleted'] },
        { kind: 'insert', row: [4, '4.00', 'large'] },
        { kind: 'insert', row: [5, '5.00', 'old'] },
      ]),
    });
    await lakehouse.ensureTable(base, { columns: [...COLUMNS, ...BASE_COLUMNS], properties: { ...properties, [PROPERTY.kind]: 'base' } });
    const [, , ...merged] = historyOf([
      { kind: 'insert' },
      { kind: 'insert' },
      { kind: 'insert', row: [2, '2.00', 'kept'] },
      { kind: 'insert', row: [3, '3.00', 'deleted'] },
      { kind: 'insert', row: [4, '4.00', 'large'] },
    ]);
    const known = new Set([...COLUMNS, ...BASE_COLUMNS].map(({ name }) => name));
    await lakehouse.append(base, { rows: merged.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => known.has(name)))) });
    await lakehouse.append(history, {
      rows: historyOf(
        [
          { kind: 'delete', row: [3, null, null] },
          { kind: 'update', row: [4, '4.50', null], unchanged: [ODD] },
          { kind: 'update', row: [5, null, 'new'] },
          { kind: 'insert', row: [6, '6.66', null] },
        ],
        7,
      ),
    });
    await database.client.query(
      `insert into app.orders values (2, 2, 'kept', '${AT}'), (4, 4.5, 'large', '${AT}'), (5, null, 'new', '${AT}'), (6, 6.66, null, '${AT}')`,
    );
    const rows = { op: 'neq', column: 'id', value: { literal: '2' } } as const;
    await layers.policy({
      roles: { analyst: { 'app.orders': { select: { columns: '*' } } }, approver: { 'app.orders': { select: { columns: ['id'], rows } } } },
    });
  });
  afterAll(() => layers.stop());

  it.each([
    'order=id',
    'select=id,amount,at&order=amount.desc.nullslast,id',
    `select=id,o:${encodeURIComponent(`"it's \\"odd\\""`)}&order=id.desc&limit=2&offset=1`,
    'amount=gt.4&select=id&order=id',
    'select=count(),amount.sum(),amount.avg()',
    'id=eq.3',
  ])('are those of the table in Postgres: %s', async (query) => {
    const [postgres, lake] = await Promise.all(
      ['orders', 'orders_current'].map((table) => layers.send(`${table}?${query}`, { headers: { prefer: 'count=exact' } })),
    );
    expect([lake?.status, lake?.body, lake?.headers.get('content-range')]).toEqual([postgres?.status, postgres?.body, postgres?.headers.get('content-range')]);
    expect(lake?.headers.get('server-timing')).toContain('lakehouse;dur=');
    expect(lake?.status).toBeLessThan(300);
  });

  it("are under the table's policy, and not written to", async () => {
    expect((await layers.send('orders_current?select=id&order=id', { role: 'approver' })).body).toBe('[{"id":4}, \n {"id":5}, \n {"id":6}]');
    expect((await layers.send('orders_current', { role: 'approver' })).status).toBe(403);
    expect((await layers.send('orders_current', { role: 'auditor' })).status).toBe(403);
    expect((await layers.send('orders_current?id=eq.2', { method: 'DELETE' })).status).toBe(405);
  });

  it('show a change at once, and are streamed as other rows are', async () => {
    const more = Array.from({ length: 5_000 }, (_, index): Change => ({ kind: 'insert', row: [100 + index, '1.00', 'x'.repeat(60)] }));
    await layers.lakehouse.append({ schema: 'app', name: 'orders_history' }, { rows: historyOf(more, 100) });
    const reply = await layers.send('orders_current?order=id');
    expect([reply.headers.get('transfer-encoding'), (JSON.parse(reply.body) as object[]).length]).toEqual(['chunked', 5_004]);
  });
});
