import type { Case } from './case.ts';

/** What the types below stand on. */
export const TYPES_SQL = `
  create extension citext; create extension ltree; create extension hstore; create extension cube; create extension isn; create extension dblink;
  create type mood as enum ('sad', 'gl"ad', 'it''s, ok');
  create type pair as (a int, b text);
  create domain small as int check (value < 100);
  create domain smaller as small;
  create domain precise as timestamptz(2);
  create domain numbers as int[];
  create domain amount as numeric(10,2);`;

type Literals = readonly (readonly [type: string, ...literals: string[]])[];

const NUMBERS: Literals = [
  ['smallint', '-32768', '0'],
  ['integer', '2147483647', '-1'],
  ['bigint', '-9223372036854775808', '9007199254740993'],
  ['oid', '4294967295'],
  ['real', '0.1', '16777216', `'NaN'`, `'-Infinity'`, '1e-30', `'-0'`],
  ['double precision', '0.1', '1e300', `'NaN'`, `'Infinity'`, '1e21', '123456789012', `'-0'`],
  ['numeric', '12345678901234567890.1230', '1e20', '1e-20', '0', '-0.00', `'NaN'`, `'Infinity'`, `'-Infinity'`],
  ['numeric(10,2)', '1.5', '0', '-99999999.99'],
  ['numeric(3,-2)', '12345'],
  ['numeric(2,5)', '0.00012'],
  ['money', `'1234.11'`, `'-92233720368547758.08'`, `'0'`],
  ['boolean', 'true', 'false'],
];

const TEXT: Literals = [
  ['char(5)', `'ab'`],
  ['varchar(10)', `'ab "c\\'`],
  ['text', `E'tab\\t line\\n \\u0001 \\u2028 ünïcödé 😀'`, `''`, `'NULL'`, `'__debezium_unavailable_value'`],
  ['name', `'n'`],
  ['"char"', `'c'`],
  ['citext', `'MiXed'`],
  ['ltree', `'a.b.c'`],
  ['xml', `'<a>1</a>'`],
  ['uuid', `'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11'`],
  ['inet', `'10.0.0.1/24'`, `'10.0.0.1'`, `'::1'`],
  ['cidr', `'10.0.0.0/8'`, `'2001:db8::/32'`],
  ['macaddr', `'08:00:2b:01:02:03'`],
  ['macaddr8', `'08:00:2b:01:02:03:04:05'`],
  ['tsvector', `'a:1 b:2'`],
  ['tsquery', `'a & b'`],
  ['json', `'{"b": 1,  "a":1e2, "a":2}'`, `'null'`, `' [1] '`],
  ['jsonb', `'{"b":1,"a":12345678901234567890}'`, `'"x"'`],
  ['hstore', `'b=>1, a=>NULL, "q\\"\\\\"=>"x,=>"'`, `''`],
];

const BYTES: Literals = [
  ['bit(1)', `B'1'`, `B'0'`],
  ['bit(3)', `B'101'`],
  ['bit(16)', `B'1000000000000001'`, `B'0000000000000001'`, `B'0000000000000000'`],
  ['bit(9)', `B'100000001'`, `B'000000001'`],
  ['varbit(1)', `B'1'`],
  ['varbit', `B'11111111'`, `B''`, `B'0000000001'`, `B'00000000'`, `B'1000000000'`],
  ['varbit(12)', `B'1'`, `B'000000001'`],
  ['bytea', `'\\x00ff10'`, `''`],
];

const TIMES: Literals = [
  ['date', `'2016-11-04'`, `'12345-06-07'`, `'0044-03-15 BC'`, `'0001-01-01 BC'`, `'5874897-12-31'`, `'infinity'`, `'-infinity'`],
  ['time', `'13:51:30.1000'`, `'13:51'`, `'24:00'`, `'00:00:00.000001'`],
  ['time(0)', `'13:51:30.6'`],
  ['time(3)', `'13:51:30.100'`],
  ['timetz', `'13:51:30.123789+02'`, `'01:00:00+02'`, `'13:51:30-05:30'`, `'00:00:00+00:19:32'`, `'24:00:00+00'`],
  ['timetz(3)', `'13:51:30.100+02'`],
  [
    'timestamp',
    `'2016-11-04 13:51:30.120000'`,
    `'2016-11-04 13:51:30'`,
    `'2016-11-04 00:00:00'`,
    `'0044-03-15 12:00:00.5 BC'`,
    `'12345-01-01 00:00:00'`,
    `'294276-12-31 23:59:59.999999'`,
    `'infinity'`,
    `'-infinity'`,
  ],
  ['timestamp(3)', `'2016-11-04 13:51:30.120'`],
  ['timestamp(0)', `'2016-11-04 13:51:30.6'`],
  [
    'timestamptz',
    `'2016-11-04 13:51:30.12+00'`,
    `'2016-11-04 13:51:30.123456+02'`,
    `'0044-03-15 12:00:00+00 BC'`,
    `'294276-12-31 23:59:59.999999+00'`,
    `'infinity'`,
    `'-infinity'`,
  ],
  ['timestamptz(3)', `'2016-11-04 13:51:30.12+00'`],
  ['timestamptz(0)', `'2016-11-04 13:51:30+00'`],
  [
    'interval',
    `'1 year 2 mons 3 days 04:05:06.78'`,
    `'0'`,
    `'-1 year -2 mons +3 days -04:05:06.78'`,
    `'-00:00:00.5'`,
    `'100:00:00'`,
    `'1 day'`,
    `'infinity'`,
    `'-infinity'`,
  ],
];

const OTHERS: Literals = [
  ['int4range', `'[1,5)'`, `'empty'`, `'(,)'`],
  ['int8range', `'[1,5)'`],
  ['numrange', `'[1.5,2.5]'`],
  ['tsrange', `'[2016-01-01 00:00,2016-01-02 00:00)'`],
  ['tstzrange', `'[2016-01-01 00:00+02,)'`],
  ['daterange', `'[2016-01-01,2016-01-05)'`],
  ['int4multirange', `'{[1,2),[3,4)}'`],
  ['int8multirange', `'{[1,2)}'`],
  ['nummultirange', `'{[1,2),[3,4)}'`, `'{}'`],
  ['tsmultirange', `'{[2016-01-01,2016-01-02)}'`],
  ['tstzmultirange', `'{[2016-01-01 00:00+02,)}'`],
  ['datemultirange', `'{[2016-01-01,2016-01-02)}'`],
  ['point', `'(1,2.5)'`, `'(-1e300,0)'`],
  ['line', `'{1,2,3}'`],
  ['lseg', `'[(0,0),(1,1)]'`],
  ['box', `'(1,2),(0,0)'`],
  ['path', `'((0,0),(1,1))'`],
  ['polygon', `'((0,0),(1,1))'`],
  ['circle', `'<(0,0),1>'`],
  ['mood', `'gl"ad'`, `'it''s, ok'`],
  ['small', '7'],
  ['smaller', '8'],
  ['precise', `'2016-11-04 13:51:30+00'`],
  ['numbers', `'{1,2}'`],
  ['amount', '1.5'],
  ['pair', `row(1,'a b')`],
  ['pg_lsn', `'16/B374D848'`],
  ['regclass', `'pg_class'`],
  ['xid', `'7'`],
  ['xid8', `'7'`],
  ['tid', `'(1,2)'`],
  ['cube', `'(1,2)'`],
  ['isbn', `'978-0-11-000533-1'`],
  ['int2vector', `'1 2'`],
  ['jsonpath', `'$.a'`],
  ['pg_snapshot', `'10:20:'`],
];

const ARRAYS: Literals = [
  ['int2[]', `'{1,-2}'`],
  ['int4[]', `'{1,NULL,3}'`, `'{}'`, `'{{1,2},{3,4}}'`, `'[2:3]={5,6}'`],
  ['int8[]', `'{9007199254740993}'`],
  ['oid[]', `'{1}'`],
  ['real[]', `'{0.1,NaN}'`],
  ['float8[]', `'{0.1,Infinity}'`],
  ['numeric[]', `'{1.50,NaN}'`],
  ['numeric(10,2)[]', `'{1.5}'`],
  ['money[]', `'{1.50}'`],
  ['boolean[]', `'{t,f,NULL}'`],
  ['bit(1)[]', `array[B'1']`],
  ['bit(3)[]', `array[B'101']`],
  ['bytea[]', String.raw`array['\x00ff'::bytea]`],
  ['char(3)[]', `'{a}'`],
  ['varchar(3)[]', `'{a}'`],
  ['text[]', String.raw`array['a,b', 'q"', 'back\slash', 'NULL', null, '', '{x}']`, `'{{a},{b}}'`],
  ['citext[]', `'{A}'`],
  ['ltree[]', `'{a.b}'`],
  ['uuid[]', `'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'`],
  ['inet[]', `'{10.0.0.1}'`],
  ['cidr[]', `'{10.0.0.0/8}'`],
  ['macaddr[]', `'{08:00:2b:01:02:03}'`],
  ['date[]', `array['2016-11-04'::date, 'infinity']`],
  ['time[]', `'{13:51:30.1}'`],
  ['timetz[]', `'{13:51:30+02}'`],
  ['timestamp[]', `array['2016-11-04 13:51:30.123456'::timestamp]`],
  ['timestamptz[]', `array['2016-11-04 13:51:30.123456+00'::timestamptz]`],
  ['timestamptz(3)[]', `array['2016-11-04 13:51:30+00'::timestamptz]`],
  ['interval[]', `array['1 day'::interval]`],
  ['json[]', `array['{"a":[1]}'::json]`],
  ['jsonb[]', `array['{"a":[1]}'::jsonb]`],
  ['hstore[]', `array['a=>1'::hstore]`],
  ['xml[]', `array['<a/>'::xml]`],
  ['point[]', `array[point(1,2)]`],
  ['box[]', `array[box '(1,2),(0,0)', box '(3,4),(0,0)']`],
  ['int4range[]', `array[int4range(1,5)]`],
  ['tstzrange[]', `array[tstzrange('2016-01-01 00:00+02', null)]`],
  ['int4multirange[]', `array[int4multirange(int4range(1,5))]`],
  ['tsvector[]', `array['a:1'::tsvector]`],
  ['mood[]', `array['sad', 'gl"ad', null]::mood[]`, `array['sad']::mood[]`],
  ['smaller[]', `'{1}'`],
  ['pair[]', `array[row(1,'a')::pair]`],
];

/** A table for a type: `timestamptz(3)[]` → `timestamptz_3_array`. */
function tableOf(type: string): string {
  return `of_${type
    .replace('[]', '_array')
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replace(/_$/, '')}`;
}

/**
 * One table for each type, a row for each value and one with NULL: a value that stops a capture or loses a row takes no other type with it.
 * Rows are there before the start, inserted, and deleted under REPLICA IDENTITY FULL, so that each value is in a snapshot, in `after` and in `before`.
 */
export const TYPE_CASES: readonly Case[] = [...NUMBERS, ...TEXT, ...BYTES, ...TIMES, ...OTHERS, ...ARRAYS].map(([type, ...values]) => {
  const name = tableOf(type);
  const rows = [...values, 'null'].map((value, row) => `(${row}, cast(${value} as ${type}))`).join(', ');
  return {
    name,
    setUp: `create table ${name} (id int primary key, v ${type}); alter table ${name} replica identity full; insert into ${name} values ${rows}`,
    steps: [`insert into ${name} select id + 100, v from ${name}`, `delete from ${name} where id >= 100`],
  };
});
