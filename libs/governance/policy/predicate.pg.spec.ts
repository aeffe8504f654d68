import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createLogger } from '#libs/runtime/logger';
import { quoteLiteral } from '#libs/postgres/identifiers';
import { createTestDatabase, type TestDatabase, uniqueName } from '#libs/testing/postgres';
import { installGovernance } from '../install.ts';
import { readColumns, type CatalogueColumn, columnTypesOf } from './catalogue.ts';
import { compilePredicateSql } from './compile-sql.ts';
import type { Operand, Predicate } from './policy.ts';
import { compilePredicate } from './predicate.ts';
import { UnsupportedPredicate } from './unsupported-predicate.ts';

/** A value as SQL text and as envelope.md encodes it. */
interface Value {
  sql: string | null;
  encoded: unknown;
}

const labels = ['new', 'Done', "it's"];
const columns = ['b', 'i2', 'i4', 'i8', 'n', 'n2', 'u', 'd', 'ts', 'tz', 'e', 't', 'v', 'c', 'dom'] as const;
type Column = (typeof columns)[number];

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
/** Days since the epoch → year, month, day (Hinnant, civil_from_days): the test's own way, not the code's. */
function civil(day: number): [number, number, number] {
  const z = day + 719_468;
  const era = Math.floor(z / 146_097);
  const doe = z - era * 146_097;
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365);
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return [yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - Math.floor((153 * mp + 2) / 5) + 1];
}
const isoYear = (year: number): string => (year > 9999 ? `+${year}` : year < 0 ? `-${pad(-year, 4)}` : pad(year, 4));
function dateParts(day: number): { sql: string; bc: string; encoded: string } {
  const [year, month, d] = civil(day);
  const rest = `-${pad(month)}-${pad(d)}`;
  return year > 0
    ? { sql: pad(year, 4) + rest, bc: '', encoded: isoYear(year) + rest }
    : { sql: pad(1 - year, 4) + rest, bc: ' BC', encoded: isoYear(year) + rest };
}
function dateValue(day: number): Value {
  const { sql, bc, encoded } = dateParts(day);
  return { sql: sql + bc, encoded: `${encoded}Z` };
}
function stampValue(day: number, micros: number, zone: string): Value {
  const { sql, bc, encoded } = dateParts(day);
  const seconds = Math.floor(micros / 1e6);
  const time = `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  const fraction = pad(micros % 1_000_000, 6);
  const trimmed = fraction.replace(/0+$/, '');
  const encodedFraction = zone ? `.${fraction}` : trimmed && `.${trimmed}`;
  return { sql: `${sql} ${time}.${fraction}${zone}${bc}`, encoded: `${encoded}T${time}${encodedFraction}Z` };
}

const near = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const plain = (arbitrary: fc.Arbitrary<bigint | string | boolean>): fc.Arbitrary<Value> =>
  arbitrary.map((value) => ({ sql: String(value), encoded: typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value }));
const integer = (bits: number): fc.Arbitrary<Value> => {
  const max = (1n << BigInt(bits - 1)) - 1n;
  return plain(fc.oneof(near(0n, 1n, 2n, -1n, max, -max - 1n), fc.bigInt({ min: -max - 1n, max })));
};
const numeric = (scale?: number): fc.Arbitrary<Value> =>
  fc.oneof(
    fc.tuple(fc.bigInt({ min: -9_999_999_999n, max: 9_999_999_999n }), fc.integer({ min: 0, max: 2 })).map(([digits, point]) => {
      const text = pad(Number(digits < 0n ? -digits : digits), 4);
      const sql = `${digits < 0n ? '-' : ''}${text.slice(0, text.length - point)}${point ? `.${text.slice(-point)}` : ''}`;
      const encoded = scale === undefined ? sql : `${sql.includes('.') ? sql : `${sql}.`}${'0'.repeat(scale - point)}`;
      return { sql, encoded: encoded.replace(/^(-?)0+(?=\d)/, '$1') };
    }),
    near<Value>({ sql: '0', encoded: scale === 2 ? '0.00' : '0' }, { sql: '1.5', encoded: scale === 2 ? '1.50' : '1.5' }),
    ...(scale === undefined
      ? [
          near<Value>(
            { sql: 'NaN', encoded: 'NAN' },
            { sql: 'Infinity', encoded: 'POSITIVE_INFINITY' },
            { sql: '-Infinity', encoded: 'NEGATIVE_INFINITY' },
            { sql: '1.50', encoded: '1.50' },
          ),
        ]
      : [near<Value>({ sql: 'NaN', encoded: 'NAN' })]),
  );
const infinities = near<Value>({ sql: 'infinity', encoded: 'infinity' }, { sql: '-infinity', encoded: '-infinity' });
const day = (min: number, max: number): fc.Arbitrary<number> =>
  fc.oneof(near(0, 1, 19_000, -719_163, -719_162, -719_528, min, max), fc.integer({ min, max }), fc.integer({ min: -800_000, max: 60_000 }));
const FIRST = -2_440_588;
const LAST_DATE = 2_145_031_948;
const LAST_STAMP = 106_751_991 - 1;
const micros = fc.oneof(near(0, 1, 500_000, 86_399_999_999), fc.integer({ min: 0, max: 86_399_999_999 }));
const texts = ['', 'a', 'A', 'a ', 'é', 'e\u0301', "o'brien\\", '0', 'true', '__proto__', '😀', 'null'];

const values: Record<Column, fc.Arbitrary<Value>> = {
  b: plain(fc.boolean()),
  i2: integer(16),
  i4: integer(32),
  i8: integer(64),
  n: numeric(),
  n2: numeric(2),
  u: plain(fc.oneof(near('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), fc.uuid())),
  d: fc.oneof(infinities, day(FIRST, LAST_DATE).map(dateValue)),
  ts: fc.oneof(
    infinities,
    fc.tuple(day(FIRST, LAST_STAMP), micros).map(([d, m]) => stampValue(d, m, '')),
  ),
  tz: fc.oneof(
    infinities,
    near<Value>({ sql: '2024-01-01 21:34:05.5+00', encoded: '2024-01-01T21:34:05.500000Z' }),
    fc.tuple(day(FIRST + 1, LAST_STAMP - 1), micros).map(([d, m]) => stampValue(d, m, '+00')),
  ),
  e: plain(near(...labels)),
  t: plain(near(...texts)),
  v: plain(near(...texts.filter((text) => Array.from(text).length <= 8))),
  c: plain(near(...texts)),
  dom: integer(32),
};
type Row = Record<Column, Value>;
const row: fc.Arbitrary<Row> = fc.record(
  Object.fromEntries(columns.map((name) => [name, fc.option(values[name], { freq: 6, nil: { sql: null, encoded: null } })])) as {
    [K in Column]: fc.Arbitrary<Value>;
  },
);

/** What a claim may hold that is no value of the type, or only for Postgres. */
const oddText = near(
  '',
  ' 1',
  'yes',
  'on',
  '1e3',
  '0x10',
  '1_000',
  'NaN',
  'Infinity',
  'today',
  'now',
  'infinity',
  '2024-02-30',
  '2023-02-29',
  '0000-01-01',
  '01/02/2024',
  '2024-01-02',
  '2024-01-02 03:04:05',
  '2024-01-02T03:04:05Z',
  '2024-01-02 03:04:05.5+05:30',
  '2024-01-02 24:00:00',
  '2024-01-02 23:59:60',
  '10000-01-01',
  '5874898-01-01',
  '4714-11-23 BC',
  '4714-11-24 BC',
  '294277-01-01 00:00:00',
  '0044-03-15 12:00:00+14 BC',
  '+5',
  '-0',
  '32768',
  '99999999999999999999',
  '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}',
  'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
  't',
  'TRUE',
  'done',
  "it's",
  'a',
  '1.',
  '.5',
  '00012.50',
);
const oddClaim: fc.Arbitrary<unknown> = fc.oneof(oddText, near<unknown>(null, true, false, 0, 1, -1, 1.5, 1e14, 1e15, 1e21, [1], { a: 1 }, -0));
const claimNames = columns.map((name) => `claim_${name}`);
const claimSet: fc.Arbitrary<Record<string, unknown>> = fc
  .tuple(
    ...columns.map((name) =>
      fc.oneof(
        { weight: 3, arbitrary: values[name].map(({ sql }): unknown => sql) },
        { weight: 2, arbitrary: oddClaim },
        { weight: 1, arbitrary: fc.constant(undefined) },
      ),
    ),
  )
  .map((found) => Object.fromEntries(columns.flatMap((name, index) => (found[index] === undefined ? [] : [[`claim_${name}`, found[index]]]))));

const ordered = new Set<Column>(['b', 'i2', 'i4', 'i8', 'n', 'n2', 'u', 'd', 'ts', 'tz', 'dom']);
/** Other spellings of what a column may hold. */
const respelled: Partial<Record<Column, string[]>> = {
  tz: ['2024-01-02 03:04:05.5+05:30', '2024-01-01T18:34:05.500-03', '2024-01-01 21:34:05.5Z'],
  u: ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
  b: ['t', 'f'],
  i4: ['+1', '-0', '0002'],
  n: ['1.500', '-0.0', '+0000'],
};
const literal = (name: Column): fc.Arbitrary<Operand> => {
  const usual = values[name].map(({ sql }) => sql ?? '').filter((text) => !['n', 'n2'].includes(name) || /\d/.test(text));
  const spelled = respelled[name];
  return (spelled ? fc.oneof(usual, near(...spelled)) : usual).map((text) => ({ literal: text }));
};
const operand = (name: Column): fc.Arbitrary<Operand> =>
  fc.oneof(literal(name), fc.constant<Operand>({ claim: `claim_${name}` }), near<Operand>(...claimNames.map((claim) => ({ claim })), { claim: 'none' }));
const leaf: fc.Arbitrary<Predicate> = near(...columns).chain((column) =>
  fc.oneof(
    fc.constant<Predicate>({ op: 'is-null', column }),
    fc
      .tuple(near(...(ordered.has(column) ? (['eq', 'neq', 'lt', 'lte', 'gt', 'gte'] as const) : (['eq', 'neq'] as const))), operand(column))
      .map(([op, value]): Predicate => ({ op, column, value })),
    fc.array(operand(column), { maxLength: 3 }).map((operands): Predicate => ({ op: 'in', column, values: operands })),
  ),
);
const predicate: fc.Arbitrary<Predicate> = fc.letrec<{ tree: Predicate }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.tuple(near<'and' | 'or'>('and', 'or'), fc.array(tie('tree'), { maxLength: 3 })).map(([op, args]): Predicate => ({ op, args })),
    tie('tree').map((arg): Predicate => ({ op: 'not', arg })),
  ),
})).tree;

describe('a row filter', () => {
  const role = uniqueName('reader');
  let database: TestDatabase;
  let catalogue: ReadonlyMap<string, CatalogueColumn>;

  beforeAll(async () => {
    database = await createTestDatabase();
    await installGovernance({ adminUrl: database.url, logger: createLogger({ service: 'test', level: 'warn' }) });
    await database.client.query(`
      create role ${role};
      create schema p; grant usage on schema p to ${role};
      create type p.state as enum (${labels.map(quoteLiteral).join(', ')});
      create domain p.small as integer;
      create table p.r (id integer primary key, b boolean, i2 smallint, i4 integer, i8 bigint, n numeric, n2 numeric(14, 2), u uuid, d date, ts timestamp,
        tz timestamptz, e p.state, t text, v varchar(8), c text collate "C", dom p.small, f double precision, ch char(3), j jsonb);
      alter table p.r enable row level security;
      grant select on p.r to ${role}`);
    catalogue = (await readColumns(database.client, { schema: 'p', name: 'r' })) as ReadonlyMap<string, CatalogueColumn>;
  });
  afterAll(async () => {
    await database.client.query(`drop owned by ${role}; drop role ${role}`);
    await database.drop();
  });

  /** What Postgres shows under the role for each predicate, in one round trip. Claims reach a superuser session through lakeloop.principals. */
  async function askPostgres(rows: readonly Row[], claims: Record<string, unknown>, predicates: readonly Predicate[]): Promise<number[][]> {
    const inserts = rows.map((item, id) => `(${[id, ...columns.map((name) => (item[name].sql === null ? 'null' : quoteLiteral(item[name].sql)))].join(', ')})`);
    const asks = predicates.map(
      (item) => `drop policy if exists q on p.r; create policy q on p.r for select to ${role} using (${compilePredicateSql(item, catalogue)});
        set local role ${role}; select coalesce(array_agg(id order by id), '{}') as ids from p.r; reset role`,
    );
    const results = (await database.client.query(`begin; set local timezone = 'America/St_Johns'; set local datestyle = 'SQL, DMY';
      truncate p.r; insert into p.r (id, ${columns.join(', ')}) values ${inserts.join(', ')};
      insert into lakeloop.principals values ('postgres', ${quoteLiteral(JSON.stringify(claims))}) on conflict (login) do update set claims = excluded.claims;
      ${asks.join(';\n')}; rollback`)) as unknown as { command: string; rows: { ids: number[] }[] }[];
    return results.filter(({ command }) => command === 'SELECT').map(({ rows: [answer] }) => answer?.ids ?? []);
  }

  it('is answered by Postgres and by us alike, for all rows, claims and predicates of the model', async () => {
    const run = fc.tuple(fc.array(row, { minLength: 6, maxLength: 12 }), claimSet, fc.array(predicate, { minLength: 30, maxLength: 30 }));
    await fc.assert(
      fc.asyncProperty(run, async ([rows, claims, predicates]) => {
        const theirs = await askPostgres(rows, claims, predicates);
        const types = columnTypesOf(catalogue);
        const encoded = rows.map((item) => Object.fromEntries(columns.map((name) => [name, item[name].encoded])));
        const ours = predicates.map((item) => {
          const test = compilePredicate(item, types, claims);
          return encoded.flatMap((values_, id) => (test(values_) === true ? [id] : []));
        });
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 100, endOnFailure: true },
    );
  }, 60_000);

  it.each<[string, Predicate]>([
    ['text order', { op: 'lt', column: 't', value: { literal: 'a' } }],
    ['enum order', { op: 'gt', column: 'e', value: { literal: 'new' } }],
    ['floating point', { op: 'eq', column: 'f', value: { literal: '1' } }],
    ['padded text', { op: 'eq', column: 'ch', value: { literal: 'a' } }],
    ['jsonb', { op: 'eq', column: 'j', value: { literal: '{}' } }],
    ['an unknown column', { op: 'is-null', column: 'nope' }],
    ['NaN', { op: 'eq', column: 'n', value: { literal: 'NaN' } }],
    ['a literal of another type', { op: 'eq', column: 'i4', value: { literal: "1'; drop table p.r; --" } }],
    ['a literal out of range', { op: 'in', column: 'i2', values: [{ literal: '40000' }] }],
    ['a time that depends on the session', { op: 'eq', column: 'tz', value: { literal: '2024-01-02 03:04:05' } }],
    ['a relative time', { op: 'eq', column: 'd', value: { literal: 'today' } }],
    ['a label that the enum lacks', { op: 'eq', column: 'e', value: { literal: 'constructor' } }],
  ])('with %s is refused when it is compiled', (_what, item) => {
    expect(() => compilePredicateSql(item, catalogue)).toThrow(UnsupportedPredicate);
    expect(() => compilePredicate(item, columnTypesOf(catalogue), {})).toThrow(UnsupportedPredicate);
  });
});
