import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LakeColumn, LakeValue } from '#libs/lakehouse/lake-type';
import { type BothLayers, bothLayers, LAKE_ENGINES } from '../testing/both-layers.ts';

const COLUMNS: LakeColumn[] = [
  { name: 'id', type: 'long', nullable: false },
  { name: 'region', type: 'string' },
  { name: 'Odd "name"; --', type: 'string' },
  { name: 'small', type: 'short' },
  { name: 'whole', type: 'integer' },
  { name: 'big', type: 'long' },
  { name: 'amount', type: { decimal: { precision: 14, scale: 2 } } },
  { name: 'single', type: 'float' },
  { name: 'double', type: 'double' },
  { name: 'flag', type: 'boolean' },
  { name: 'raw', type: 'binary' },
  { name: 'day', type: 'date' },
  { name: 'at', type: 'timestamp' },
  { name: 'local', type: 'timestamp_ntz' },
];

const ODD = 'Odd "name"; --';
const ROWS: Record<string, LakeValue>[] = [
  {
    id: 1n,
    region: 'north',
    [ODD]: 'a"b\\c\n\t\u0001\u007f 漢🙂 \u2028',
    small: -32768,
    whole: 2147483647,
    big: 9007199254740993n,
    amount: '12.50',
    single: 0.1,
    double: 0.1,
    flag: true,
    raw: Buffer.from([0, 255, 16]),
    day: '2024-02-29',
    at: '2024-02-29T23:59:59.999999Z',
    local: '2024-02-29T08:00:00.500000',
  },
  {
    id: 2n,
    region: 'south',
    [ODD]: '',
    small: 0,
    whole: -1,
    big: -9223372036854775808n,
    amount: '-0.05',
    single: 1e10,
    double: 1e15,
    flag: false,
    raw: Buffer.from(''),
    day: '0001-01-01',
    at: '1969-12-31T23:59:59.000000Z',
    local: '1900-01-01T00:00:00.000000',
  },
  {
    id: 3n,
    region: 'north',
    [ODD]: 'A_b%c',
    small: 7,
    whole: 0,
    big: 0n,
    amount: '999999999999.99',
    single: NaN,
    double: NaN,
    flag: null,
    raw: null,
    day: '9999-12-31',
    at: null,
    local: null,
  },
  {
    id: 4n,
    region: null,
    [ODD]: null,
    small: null,
    whole: null,
    big: null,
    amount: null,
    single: Infinity,
    double: -Infinity,
    flag: true,
    raw: null,
    day: null,
    at: '2038-01-19T03:14:08.120000Z',
    local: null,
  },
  {
    id: 5n,
    region: 'Süd',
    [ODD]: 'x',
    small: 1,
    whole: 10,
    big: 123456789012345678n,
    amount: '0.00',
    single: 1.5e-5,
    double: 1.234567890123456e-7,
    flag: false,
    raw: null,
    day: '2024-03-01',
    at: '2024-03-01T00:00:00.000000Z',
    local: '2024-03-01T00:00:00.000001',
  },
  {
    id: 6n,
    region: 'north',
    [ODD]: 'x',
    small: 1,
    whole: 10,
    big: 5n,
    amount: '7.77',
    single: 123456.7,
    double: 123456789012345.6,
    flag: true,
    raw: null,
    day: '2024-03-01',
    at: '2024-03-01T12:30:00.000000Z',
    local: '2024-03-01T00:00:00.000001',
  },
];

describe.each(LAKE_ENGINES)('with a lakehouse of %s', (engine) => {
  let layers: BothLayers;

  beforeAll(async () => {
    layers = await bothLayers(
      engine,
      `
    do $$ begin execute format('alter database %I set timezone to ''UTC''', current_database()); end $$;
    create schema app;
    create table app.documents (id integer primary key, body jsonb);
    insert into app.documents values (1, '{"a": {"it": ["x", 7]}, "b c": true, "n": null}'), (2, '{"a": 1}'), (3, null);
    create table app.facts (id bigint primary key, region text collate "C", "Odd ""name""; --" text collate "C", small smallint, whole integer, big bigint, amount numeric(14,2),
      single real, double double precision, flag boolean, raw bytea, day date, at timestamptz, local timestamp)`,
    );
    const { database, lakehouse } = layers;
    const table = { schema: 'lake', name: 'facts' };
    await lakehouse.ensureTable(table, { columns: COLUMNS });
    await lakehouse.append(table, { rows: ROWS });
    const documents = { schema: 'lake', name: 'documents' };
    await lakehouse.ensureTable(documents, {
      columns: [
        { name: 'id', type: 'integer' },
        { name: 'body', type: 'string' },
      ],
      properties: { 'lakeloop.source': 'app.documents' },
    });
    const { rows } = await database.client.query<{ id: number; body: string | null }>('select id, body::text from app.documents');
    await lakehouse.append(documents, { rows });
    const names = COLUMNS.map(({ name }) => name);
    for (const row of ROWS)
      await database.client.query(
        `insert into app.facts values (${names.map((_name, index) => `$${index + 1}`).join(', ')})`,
        names.map((name) => (typeof row[name] === 'bigint' ? String(row[name]) : row[name])),
      );
    await layers.policy({
      roles: {
        analyst: {
          'app.facts': { select: { columns: '*' } },
          'app.documents': { select: { columns: '*' } },
          'lake.facts': { home: 'lakehouse', select: { columns: '*' } },
        },
      },
    });
  });
  afterAll(() => layers.stop());

  const quoted = encodeURIComponent('"Odd \\"name\\"; --"');

  /** Both layers' answers to one request: status, code or body, and the headers that say how much there is. */
  async function both(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<[unknown, unknown]> {
    const [postgres, lake] = await Promise.all(['app', 'lake'].map((schema) => layers.send(path, { schema, headers, method })));
    const shown = ({ status, body, headers: got }: NonNullable<typeof lake>): unknown => [
      status,
      status < 300 ? body : (JSON.parse(body || '{}') as { code: string }).code,
      got.get('content-range'),
      got.get('content-type'),
    ];
    return [shown(postgres as NonNullable<typeof lake>), shown(lake as NonNullable<typeof lake>)];
  }

  describe('one request to either layer', () => {
    it.each([
      'facts?order=id',
      `facts?select=id,${quoted}&order=id`,
      'facts?select=id,s:single,d:double&order=id',
      'facts?select=n:amount,b:big,at,local,day,raw,flag&order=id',
      'facts?select=whole::text,amount::text,flag::text,at::text,local::text,day::text,single::text,double::text,raw::text&order=id',
      'facts?select=amount::int,double::int,whole::numeric,whole::float8,at::date,local::date,day::timestamp&order=id&id=in.(1,5)',
      'facts?order=region.desc,id.desc',
      'facts?order=region.nullsfirst,amount.asc.nullslast,id',
      'facts?order=double,id&select=id',
      'facts?order=raw,id&select=id',
      'facts?limit=2&offset=1&order=id',
      'facts?limit=0',
    ])('%s has the same bytes', async (path) => {
      const [postgres, lake] = await both(path);
      expect(lake).toEqual(postgres);
      expect((postgres as unknown[])[0]).toBe(200);
    });

    it.each([
      'id=eq.1',
      'id=eq.%201%20',
      'id=gt.2&id=lte.5',
      'id=neq.3',
      'big=eq.9007199254740993',
      'amount=eq.12.5',
      'amount=eq.12.501',
      'amount=gt.12.499',
      'amount=lt.-0.049',
      'amount=lte.-0.051',
      'amount=neq.0.001',
      'amount=gte.1e30',
      'amount=lt.NaN',
      'amount=in.(7.77,0,1e0)',
      'double=eq.NaN',
      'double=gt.1e14',
      'single=eq.0.1',
      'single=lt.Infinity',
      'flag=is.true',
      'flag=is.unknown',
      'flag=not.is.false',
      'flag=eq.yes',
      'region=is.null',
      'region=not.is.null',
      'region=gt.n',
      'region=like.n*',
      'region=ilike.N%25',
      'region=like(any).{s*,S*}',
      `${quoted}=like.*\\_b\\%25*`,
      'region=like.n\\orth',
      'region=ilike.\\N%25',
      'region=match.^n.r',
      'region=imatch.^N.R',
      'region=isdistinct.north',
      'region=in.(north,"Süd",nowhere)',
      'region=in.()',
      'region=not.in.(north)',
      `id=in.(${Array.from({ length: 300 }, (_, index) => index * 2).join(',')})`,
      `region=not.in.(north,${Array.from({ length: 300 }, (_, index) => `"it's \\\\ ${index}"`).join(',')})`,
      'id=eq(any).{1,2}',
      'id=lt(all).{4,3}',
      'day=eq.2024-02-29',
      'day=lt.0001-01-02',
      'day=gte.20240301',
      'day=gt.infinity',
      'at=gte.2024-03-01',
      'at=eq.2024-03-01T13:30:00%2B01:00',
      'at=lt.epoch',
      'local=eq.2024-03-01 00:00:00.000001',
      'raw=eq.%5Cx00ff10',
      'or=(id.eq.1,and(region.eq.north,amount.gt.10))',
      'not.or=(flag.is.true,region.is.null)',
      'and=(id.gt.1,not.or(id.eq.2,id.eq.3))',
      'region=not.eq.north',
    ])('filter %s finds the same rows', async (filter) => {
      const [postgres, lake] = await both(`facts?select=id&order=id&${filter}`, { prefer: 'count=exact' });
      expect(lake).toEqual(postgres);
    });

    it.each([
      'documents?select=id,body->>n,x:body->>b%20c,y:body->a->>it,z:body->a->it->>1,none:body->a->>nothing&id=eq.2',
      'documents?select=id,body->>n,x:body->>"b c",z:body->a->it->>1&order=id',
      'documents?select=id&body->a->it->>0=eq.x',
      'documents?select=id&body->>a=is.null&order=id',
      'documents?select=id,body->>a&order=body->>a.nullsfirst,id&id=gt.1',
    ])('places inside JSON %s have the same bytes', async (path) => {
      const [postgres, lake] = await both(path);
      expect(lake).toEqual(postgres);
      expect((postgres as unknown[])[0]).toBe(200);
    });

    it.each([
      'select=count()',
      'select=region,count(),n:amount.count(),amount.sum(),amount.avg(),whole.avg(),big.sum(),big.avg(),small.sum()&order=region',
      'select=region,amount.min(),x:amount.max(),day.min(),y:at.max(),z:region.max()&order=region',
      'select=flag,double.sum(),s:single.max()&order=flag&id=in.(1,2,5,6)',
      'select=d:at::date,count()&order=region',
      'select=amount.avg()::int',
      'id=neq.3&select=amount.sum()::text,a:amount.avg()::int,b:whole.avg()::text,c:amount.avg()::float8',
      'select=big.avg()&id=in.(1,5)',
      'select=amount.avg()&id=eq.3',
      'select=amount.avg()&id=in.(2,5,6)',
      'select=amount.sum()&id=eq.-1',
      'select=flag,count()&order=flag.desc.nullslast&limit=1',
      'select=region.sum()',
      'select=flag.max()',
    ])('aggregates %s give the same bytes', async (query) => {
      const [postgres, lake] = await both(`facts?${query}`, { prefer: 'count=exact' });
      expect(lake).toEqual(postgres);
    });

    it.each([
      'facts?id=eq.abc',
      'facts?id=eq.99999999999999999999',
      'facts?small=eq.40000',
      'facts?day=eq.2024-02-30',
      'facts?flag=eq.maybe',
      'facts?nothing=eq.1',
      'facts?select=nothing',
      'facts?order=nothing',
      'facts?id=like.1*',
      'facts?id=is.true',
      'facts?id=cs.1',
      'facts?select=id::nothing',
      'facts?region=match.(',
      'facts?offset=7&limit=1',
      'facts?select=*,other(*)',
      'facts?select=flag,count()&order=region',
    ])('%s is refused alike', async (path) => {
      const [postgres, lake] = await both(path, { prefer: 'count=exact' });
      expect(lake).toEqual(postgres);
      expect((postgres as number[])[0]).toBeGreaterThanOrEqual(400);
    });

    it('answers one object, stripped nulls, ranges and HEAD alike', async () => {
      const object = { accept: 'application/vnd.pgrst.object+json' };
      const cases: [string, Record<string, string>, string?][] = [
        ['facts?id=eq.1', object],
        ['facts?id=gt.1', object],
        ['facts?id=eq.-1', object],
        ['facts?order=id', { accept: 'application/vnd.pgrst.array+json;nulls=stripped' }],
        ['facts?id=eq.4', { accept: 'application/vnd.pgrst.object+json;nulls=stripped' }],
        ['facts?order=id&select=id', { range: '1-2' }],
        ['facts?order=id&select=id', { range: '1-2', prefer: 'count=exact' }],
        ['facts?order=id&select=id&offset=2', { prefer: 'count=exact' }],
        ['facts?id=gt.2', { prefer: 'count=exact' }, 'HEAD'],
        ['facts?id=gt.2', {}, 'HEAD'],
      ];
      for (const [path, headers, method] of cases) {
        const [postgres, lake] = await both(path, headers, method);
        expect([path, lake]).toEqual([path, postgres]);
      }
    });
  });
});
