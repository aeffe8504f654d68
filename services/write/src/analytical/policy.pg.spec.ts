import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Operand, Policy, Predicate, TablePolicy } from '#libs/governance/policy/policy';
import { quoteLiteral } from '#libs/postgres/identifiers';
import type { LakeColumn } from '#libs/lakehouse/lake-type';
import { type BothLayers, bothLayers, LAKE_ENGINES } from '../testing/both-layers.ts';

const LABELS = ['new', 'Done', "it's"];
const COLUMNS = ['id', 'b', 'i2', 'i4', 'i8', 'n', 'u', 'd', 'ts', 'tz', 'e', 't'] as const;
type Column = (typeof COLUMNS)[number];
const TYPES: LakeColumn[] = [
  { name: 'id', type: 'integer' },
  { name: 'b', type: 'boolean' },
  { name: 'i2', type: 'short' },
  { name: 'i4', type: 'integer' },
  { name: 'i8', type: 'long' },
  { name: 'n', type: { decimal: { precision: 10, scale: 2 } } },
  { name: 'u', type: 'string' },
  { name: 'd', type: 'date' },
  { name: 'ts', type: 'timestamp_ntz' },
  { name: 'tz', type: 'timestamp' },
  { name: 'e', type: 'string' },
  { name: 't', type: 'string' },
];
/** What a column may hold, in the one spelling that both layers' loaders read. */
const VALUES: Record<Column, readonly string[]> = {
  id: ['1', '2', '3'],
  b: ['true', 'false'],
  i2: ['-1', '0', '1', '32767'],
  i4: ['-1', '0', '1', '2147483647'],
  i8: ['-1', '0', '9007199254740993', '9223372036854775807'],
  n: ['-0.01', '0.00', '1.50', '99999999.99'],
  u: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '00000000-0000-0000-0000-000000000000'],
  d: ['2024-02-29', '0001-01-01', '9999-12-31'],
  ts: ['2024-01-02T03:04:05.500000', '1900-01-01T00:00:00.000001'],
  tz: ['2024-01-02T03:04:05.500000Z', '1969-12-31T23:59:59.999999Z'],
  e: LABELS,
  t: ['', 'a', 'A', 'ä', "'; drop table app.facts; --"],
};
/** Operands that no column holds, or that are spelled another way. */
const OTHERS: Record<Column, readonly string[]> = {
  id: ['+2'],
  b: ['t'],
  i2: ['+1', '-32768'],
  i4: ['0002'],
  i8: ['-9223372036854775808'],
  n: ['1.5', '1.505', '-0.005', '1234567890123.4', '-1234567890123', '0.001'],
  u: ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
  d: ['infinity', '0044-03-15 BC', '2024-03-01'],
  ts: ['-infinity', '2024-01-02 03:04:05.5', '294276-12-31 23:59:59'],
  tz: ['2024-01-02 08:34:05.5+05:30', 'infinity'],
  e: [],
  t: ['zz'],
};
const ORDERED = new Set<Column>(['id', 'b', 'i2', 'i4', 'i8', 'n', 'u', 'd', 'ts', 'tz']);

const one = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const literal = (column: Column): fc.Arbitrary<Operand> => one(...VALUES[column], ...OTHERS[column]).map((text) => ({ literal: text.replace('T', ' ') }));
const operand = (column: Column): fc.Arbitrary<Operand> =>
  fc.oneof(literal(column), one<Operand>({ claim: `c_${column}` }, { claim: 'none' }, { claim: 'c_t' }));
const leaf: fc.Arbitrary<Predicate> = one(...COLUMNS).chain((column) =>
  fc.oneof(
    fc.constant<Predicate>({ op: 'is-null', column }),
    fc
      .tuple(one(...(ORDERED.has(column) ? (['eq', 'neq', 'lt', 'lte', 'gt', 'gte'] as const) : (['eq', 'neq'] as const))), operand(column))
      .map(([op, value]): Predicate => ({ op, column, value })),
    fc.array(operand(column), { maxLength: 3 }).map((values): Predicate => ({ op: 'in', column, values })),
  ),
);
const predicate: fc.Arbitrary<Predicate> = fc.letrec<{ tree: Predicate }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.tuple(one<'and' | 'or'>('and', 'or'), fc.array(tie('tree'), { maxLength: 3 })).map(([op, args]): Predicate => ({ op, args })),
    tie('tree').map((arg): Predicate => ({ op: 'not', arg })),
  ),
})).tree;
const claimValue = (column: Column): fc.Arbitrary<unknown> =>
  fc.oneof(one(...VALUES[column], ...OTHERS[column]), one<unknown>(1, true, 'x', null, 1.5, ['a'], 32768));
const claims: fc.Arbitrary<Record<string, unknown>> = fc.record(Object.fromEntries(COLUMNS.map((column) => [`c_${column}`, claimValue(column)])), {
  requiredKeys: [],
});
const select: fc.Arbitrary<NonNullable<TablePolicy['select']>> = fc.record(
  {
    columns: fc.oneof(
      fc.constant('*' as const),
      fc.subarray([...COLUMNS], { minLength: 1 }).map((list) => ['id', ...list.filter((name) => name !== 'id')]),
    ),
    rows: predicate,
  },
  { requiredKeys: ['columns'] },
);
const filter: fc.Arbitrary<string> = one(...COLUMNS).chain((column) =>
  fc
    .tuple(
      one(...(ORDERED.has(column) ? ['eq', 'neq', 'lt', 'gte', 'isdistinct'] : ['eq', 'neq', 'isdistinct'])),
      one(...VALUES[column], ...OTHERS[column]),
      fc.boolean(),
    )
    .map(([op, value, negated]) => `${column}=${negated ? 'not.' : ''}${op}.${encodeURIComponent(value)}`),
);
const query = fc
  .tuple(fc.array(filter, { maxLength: 2 }), one('id', 'id,n', 'id,t,e', '*', 'id,tz::date,i8', 'count()'), one('id', 'n,id', 'tz.desc,id', 't.desc,id'))
  .map(([filters, list, order]) => `select=${list}&${[...filters, ...(list === 'count()' ? [] : [`order=${order}`])].join('&')}`);

describe.each(LAKE_ENGINES)('with a lakehouse of %s', (engine) => {
  let layers: BothLayers;

  beforeAll(async () => {
    layers = await bothLayers(
      engine,
      `
    do $$ begin execute format('alter database %I set timezone to ''UTC''', current_database()); end $$;
    create schema app;
    create type app.state as enum (${LABELS.map(quoteLiteral).join(', ')});
    create table app.facts (id integer primary key, b boolean, i2 smallint, i4 integer, i8 bigint, n numeric(10,2), u uuid, d date, ts timestamp, tz timestamptz,
      e app.state, t text collate "C")`,
    );
    const { lakehouse, database } = layers;
    const rows = fc.sample(fc.record(Object.fromEntries(COLUMNS.map((column) => [column, fc.option(one(...VALUES[column]), { freq: 5 })]))), {
      numRuns: 40,
      seed: 7,
    });
    const numbered = rows.map((row, index) => ({ ...row, id: String(index) })) as Record<Column, string | null>[];
    for (const row of numbered)
      await database.client.query(
        `insert into app.facts values (${COLUMNS.map((_c, index) => `$${index + 1}`).join(', ')})`,
        COLUMNS.map((column) => row[column]),
      );
    const table = { schema: 'lake', name: 'facts_current' };
    await lakehouse.ensureTable(table, { columns: [...TYPES, { name: '_commit_lsn', type: 'string' }], properties: { 'lakeloop.source': 'app.facts' } });
    const typed = (column: Column, text: string | null): string | number | bigint | boolean | null => {
      if (text === null) return null;
      if (column === 'b') return text === 'true';
      return ['id', 'i2', 'i4'].includes(column) ? Number(text) : column === 'i8' ? BigInt(text) : text;
    };
    await lakehouse.append(table, { rows: numbered.map((row) => Object.fromEntries(COLUMNS.map((column) => [column, typed(column, row[column])]))) });
  });
  afterAll(() => layers.stop());

  describe('the policy of a governed table, in both layers', () => {
    it('shows the same rows and columns, for random policies, claims and queries', async () => {
      const run = fc.tuple(select, fc.array(fc.tuple(claims, query), { minLength: 6, maxLength: 6 }));
      let compared = 0;
      await fc.assert(
        fc.asyncProperty(run, async ([rule, asks]) => {
          await layers.policy({ roles: { analyst: { 'app.facts': { select: rule } } } });
          for (const [own, text] of asks) {
            const readable = text.replace('select=*', `select=${rule.columns === '*' ? COLUMNS.join(',') : rule.columns.join(',')}`);
            const postgres = await layers.send(`facts?${readable}`, { claims: own });
            const lake = await layers.send(`facts_current?${readable}`, { schema: 'lake', claims: own });
            expect([readable, lake.status, outcome(lake)]).toEqual([readable, postgres.status, outcome(postgres)]);
            compared += postgres.status === 200 ? 1 : 0;
          }
        }),
        { numRuns: 25, endOnFailure: true },
      );
      expect(compared).toBeGreaterThan(40);
    }, 60_000);

    function outcome({ status, body }: { status: number; body: string }): string {
      return status < 300 ? body : (JSON.parse(body) as { code: string }).code;
    }

    const own = (home: TablePolicy): Pick<Policy, 'roles'> => ({
      roles: { analyst: { 'lake.facts_current': home, 'app.facts': { select: { columns: ['id', 't'] } } } },
    });

    it('is inherited by what is derived from the table: hidden columns are hidden, the columns of the change are not', async () => {
      await layers.policy({ roles: { analyst: { 'app.facts': { select: { columns: ['id', 't'] } } } } });
      const ask = async (path: string, role = 'analyst'): Promise<number> => (await layers.send(`facts_current?${path}`, { schema: 'lake', role })).status;
      expect([
        await ask('select=id,t,_commit_lsn'),
        await ask('select=*'),
        await ask('select=n'),
        await ask('select=id&n=gt.1'),
        await ask('select=id&order=n'),
      ]).toEqual([200, 403, 403, 403, 403]);
      expect([await ask('select=count()'), await ask('select=n.max()'), await ask('select=id', 'approver')]).toEqual([200, 403, 403]);
      const { body } = await layers.send('facts_current?select=n', { schema: 'lake' });
      expect(JSON.parse(body)).toMatchObject({ code: '42501', message: 'permission denied for table facts_current' });
    });

    it('can be narrowed for the derived table, and never widened', async () => {
      await layers.policy(own({ home: 'lakehouse', select: { columns: ['id', 'n'], rows: { op: 'eq', column: 'id', value: { literal: '1' } } } }));
      const { body } = await layers.send('facts_current?select=id', { schema: 'lake' });
      expect(body).toBe('[{"id":1}]');
      expect((await layers.send('facts_current?select=n', { schema: 'lake' })).status).toBe(403);
    });

    it('follows a new version at once, and denies where there is none', async () => {
      await layers.policy({ roles: { analyst: { 'app.facts': { select: { columns: ['id'] } } } } });
      expect((await layers.send('facts_current?select=id', { schema: 'lake' })).status).toBe(200);
      await layers.policy({ roles: {} });
      expect((await layers.send('facts_current?select=id', { schema: 'lake' })).status).toBe(403);
    });

    it('grants no writes to the lakehouse', async () => {
      await expect(layers.policy(own({ home: 'lakehouse', delete: {} }))).rejects.toMatchObject({ kind: 'invalid-input' });
    });
  });
});
