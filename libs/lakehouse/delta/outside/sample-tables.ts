import type { LakeColumn, LakeValue } from '../../lake-type.ts';
import type { Lakehouse, LakeTable } from '../../lakehouse.ts';

const SCHEMA = 'ours';
const EVERY: LakeColumn[] = [
  { name: 'id', type: 'integer', nullable: false, comment: 'what it is known by' },
  { name: 's', type: 'string' },
  { name: 'l', type: 'long' },
  { name: 'h', type: 'short' },
  { name: 'b', type: 'byte' },
  { name: 'f', type: 'float' },
  { name: 'd', type: 'double' },
  { name: 'o', type: 'boolean' },
  { name: 'x', type: 'binary' },
  { name: 'dt', type: 'date' },
  { name: 'ts', type: 'timestamp' },
  { name: 'n', type: { decimal: { precision: 38, scale: 10 } } },
  { name: 'm', type: { decimal: { precision: 9, scale: 2 } } },
];

type Row = Record<string, LakeValue>;

/** Writes tables that use all that we write, most with many versions, and answers which. */
export async function writeSampleTables(lake: Lakehouse): Promise<LakeTable[]> {
  const made: LakeTable[] = [];
  const make = async (name: string, columns: readonly LakeColumn[], options: { partitionBy?: string[]; properties?: Record<string, string> } = {}) => {
    const table = { schema: SCHEMA, name };
    await lake.ensureTable(table, { columns, ...options });
    made.push(table);
    return table;
  };
  await writeEveryType(lake, await make('every type', EVERY));
  await writePartitions(
    lake,
    await make(
      'partitions',
      EVERY.filter(({ name }) => name !== 'x'),
      { partitionBy: ['s', 'dt', 'l', 'o', 'n', 'ts', 'd'] },
    ),
  );
  await writeLongLog(
    lake,
    await make(
      'long_log',
      [
        { name: 'id', type: 'integer' },
        { name: 'part', type: 'string' },
      ],
      { partitionBy: ['part'] },
    ),
  );
  const odd = ['a b', 'quo"te', "apo'strophe", 'dot.ted', 'Ünïcödé 漢', 'semi;colon', '100%', 'back\\slash', 'x=y', '{brace}'];
  const named = await make(
    'odd name; 漢 %20 "q"',
    odd.map((name): LakeColumn => ({ name, type: 'string' })),
    { partitionBy: ['a b', '100%'] },
  );
  await lake.append(named, { rows: [Object.fromEntries(odd.map((name) => [name, `value of ${name}`])), Object.fromEntries(odd.map((name) => [name, null]))] });
  const plain = await make('without zone', [
    { name: 'id', type: 'integer' },
    { name: 'tn', type: 'timestamp_ntz' },
  ]);
  await lake.append(plain, { rows: [{ id: 1, tn: '1900-01-01T00:00:00.000001' }, { id: 2, tn: '2024-02-29T23:59:59.999999' }, { id: 3 }] });
  await make('empty', EVERY);
  const only = await make('only partitions', [{ name: 'p', type: 'string' }], { partitionBy: ['p'] });
  await lake.append(only, { rows: [{ p: 'x' }, { p: 'x' }, { p: null }] });
  return made;
}

async function writeEveryType(lake: Lakehouse, table: LakeTable): Promise<void> {
  const first: Row = { id: 1, s: '', l: 2n ** 63n - 1n, h: 32767, b: 127, f: 1.5, d: 0.1, o: true, x: Buffer.from([0, 255]), dt: '2024-02-29' };
  const rows: Row[] = [
    { ...first, ts: '2024-02-29T23:59:59.999999Z', n: '-1234567890123456789012345678.0123456789', m: '1234567.89' },
    { id: 2, s: `long ${'é漢🙂'.repeat(200)}`, l: -(2n ** 63n), h: -32768, b: -128, f: Infinity, d: NaN, o: false, x: Buffer.from(''), dt: '1900-01-01' },
    { id: 3, s: `\u{10FFFF}`.repeat(40), f: -Infinity, d: -Infinity, dt: '9999-12-31', ts: '2038-01-19T03:14:08.123456Z', n: '-0.0000000001', m: '-0.01' },
    {
      id: 4,
      s: 'quote\' "double" \\ \n \t \u0001 漢字 🙂',
      l: 9007199254740993n,
      f: 0.1,
      d: 5e-324,
      ts: '1969-12-31T23:59:59.999999Z',
      n: '0.0000000001',
      m: '0.00',
    },
  ];
  await lake.append(table, { rows });
  await lake.append(table, { rows: [{ id: 5, s: 'z'.repeat(5_000), d: 1.7976931348623157e308, f: -0 }] });
  for (let id = 6; id < 10; id += 1)
    await lake.append(table, { rows: [{ id, s: `${'p'.repeat(31)}${'🙂'.repeat(id)}`, d: id / 10, ts: `2024-01-01T00:00:00.12345${id}Z` }] });
}

/** No negative decimal: deltalake 1.6.6 reads `-1.5` as a partition value wrongly, from its own tables too. */
async function writePartitions(lake: Lakehouse, table: LakeTable): Promise<void> {
  await lake.append(table, {
    rows: [
      { id: 1, s: 'plain', dt: '2024-02-29', l: 5n, o: true, n: '1.5', ts: '2024-02-29T23:59:59.999999Z', d: 0.1 },
      {
        id: 2,
        s: 'a/b=c %41 é漢🙂 \' " \\ {}',
        dt: '1900-01-01',
        l: -(2n ** 63n),
        o: false,
        n: '12.0000000001',
        ts: '1969-12-31T23:59:59.000000Z',
        d: Infinity,
      },
      { id: 3 },
      { id: 4, s: '..', ts: '2024-02-29T00:00:00.000000Z', d: -Infinity },
      { id: 5, s: ' lead and trail ', d: 5e-324 },
    ],
  });
  await lake.replace(
    table,
    {
      rows: [
        { id: 6, s: 'plain' },
        { id: 7, s: 'plain' },
      ],
    },
    { where: { s: 'plain' } },
  );
  await lake.merge(table, { rows: [{ id: 3, s: 'now with text' }] }, { key: ['id'] });
}

async function writeLongLog(lake: Lakehouse, table: LakeTable): Promise<void> {
  const part = (id: number): string => `p${id % 2}`;
  for (let id = 0; id < 12; id += 1) await lake.append(table, { rows: [{ id, part: part(id) }] }, { txn: { appId: 'topic-0', version: BigInt(id) } });
  await lake.compact(table);
  await lake.merge(
    table,
    {
      rows: [
        { id: 3, part: 'p1', gone: true },
        { id: 99, part: 'p1', gone: false },
      ],
    },
    { key: ['id'], deleted: 'gone', txn: { appId: 'other', version: 2n ** 40n } },
  );
  await lake.append(
    table,
    { rows: [{ id: 50, part: 'p0', more: '1.25' }] },
    { evolve: { columns: [{ name: 'more', type: { decimal: { precision: 9, scale: 2 } } }] } },
  );
  await lake.ensureTable(
    table,
    {
      columns: [
        { name: 'id', type: 'long' },
        { name: 'more', type: { decimal: { precision: 20, scale: 4 } } },
      ],
    },
    { evolve: true },
  );
  for (let id = 0; id < 8; id += 1) await lake.append(table, { rows: [{ id: 2n ** 40n + BigInt(id), part: part(id), more: '1234567890.1234' }] });
  await lake.replace(table, { rows: [{ id: 1, part: 'only' }] }, { note: { run: 'last' } });
}
