import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { quoteIdentifier } from '#libs/postgres/identifiers';
import { CdcHarness } from './testing/cdc-harness.ts';

/** Type, SQL literal, and the JSON text that the envelope must hold (envelope.md). */
type Case = readonly [type: string, literal: string, json: string];

const CASES: readonly Case[] = [
  ['smallint', '-32768', '-32768'],
  ['integer', '2147483647', '2147483647'],
  ['bigint', '-9223372036854775808', '-9223372036854775808'],
  ['oid', '4294967295', '4294967295'],
  ['real', '0.1', '0.1'],
  ['real', '16777216', '1.6777216e+07'],
  ['double precision', '0.1', '0.1'],
  ['double precision', '1e300', '1e+300'],
  ['double precision', `'NaN'`, '"NaN"'],
  ['double precision', `'Infinity'`, '"Infinity"'],
  ['real', `'-Infinity'`, '"-Infinity"'],
  ['numeric', '12345678901234567890.1230', '"12345678901234567890.1230"'],
  ['numeric(10,2)', '1.5', '"1.50"'],
  ['numeric', '1e20', '"100000000000000000000"'],
  ['numeric', `'NaN'`, '"NAN"'],
  ['numeric', `'Infinity'`, '"POSITIVE_INFINITY"'],
  ['numeric', `'-Infinity'`, '"NEGATIVE_INFINITY"'],
  ['money', `'1234.11'`, '"1234.11"'],
  ['money', `'-92233720368547758.08'`, '"-92233720368547758.08"'],
  ['boolean', 'true', 'true'],
  ['boolean', 'false', 'false'],
  ['bit(1)', `B'1'`, 'true'],
  ['varbit(1)', `B'0'`, 'false'],
  ['bit(3)', `B'101'`, '"BQ=="'],
  ['bit(16)', `B'1000000000000001'`, '"AYA="'],
  ['bit(9)', `B'100000001'`, '"AQE="'],
  ['varbit', `B'11111111'`, '"/w=="'],
  ['varbit', `B''`, '""'],
  ['bytea', `'\\x00ff10'`, '"AP8Q"'],
  ['bytea', `''`, '""'],
  ['char(5)', `'ab'`, '"ab   "'],
  ['varchar(10)', `'ab "c\\'`, String.raw`"ab \"c\\"`],
  ['text', `E'tab\\t line\\n ünïcödé 😀'`, String.raw`"tab\t line\n ünïcödé 😀"`],
  ['text', `''`, '""'],
  ['name', `'n'`, '"n"'],
  ['"char"', `'c'`, '"c"'],
  ['citext', `'MiXed'`, '"MiXed"'],
  ['ltree', `'a.b.c'`, '"a.b.c"'],
  ['xml', `'<a>1</a>'`, '"<a>1</a>"'],
  ['uuid', `'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'`, '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"'],
  ['inet', `'10.0.0.1/24'`, '"10.0.0.1/24"'],
  ['cidr', `'10.0.0.0/8'`, '"10.0.0.0/8"'],
  ['macaddr', `'08:00:2b:01:02:03'`, '"08:00:2b:01:02:03"'],
  ['macaddr8', `'08:00:2b:01:02:03:04:05'`, '"08:00:2b:01:02:03:04:05"'],
  ['tsvector', `'a:1 b:2'`, String.raw`"'a':1 'b':2"`],
  ['tsquery', `'a & b'`, String.raw`"'a' & 'b'"`],
  ['json', `'{"b": 1,  "a":1e2, "a":2}'`, String.raw`"{\"b\": 1,  \"a\":1e2, \"a\":2}"`],
  ['jsonb', `'{"b":1,"a":12345678901234567890}'`, String.raw`"{\"a\": 12345678901234567890, \"b\": 1}"`],
  ['hstore', `'b=>1, a=>NULL, "q\\"\\\\"=>"x,=>"'`, String.raw`"{\"a\":null,\"b\":\"1\",\"q\\\"\\\\\":\"x,=>\"}"`],
  ['hstore', `''`, '"{}"'],
  ['date', `'2016-11-04'`, '"2016-11-04Z"'],
  ['date', `'12345-06-07'`, '"+12345-06-07Z"'],
  ['date', `'0044-03-15 BC'`, '"-0043-03-15Z"'],
  ['date', `'0001-01-01 BC'`, '"0000-01-01Z"'],
  ['date', `'infinity'`, '"infinity"'],
  ['date', `'-infinity'`, '"-infinity"'],
  ['time', `'13:51:30.1000'`, '"13:51:30.1Z"'],
  ['time', `'13:51'`, '"13:51:00Z"'],
  ['time', `'24:00'`, '"24:00:00Z"'],
  ['timetz', `'13:51:30.123789+02'`, '"11:51:30.123789Z"'],
  ['timetz', `'01:00:00+02'`, '"23:00:00Z"'],
  ['timetz', `'13:51:30-05:30'`, '"19:21:30Z"'],
  ['timetz', `'00:00:00+00:19:32'`, '"23:40:28Z"'],
  ['timestamp', `'2016-11-04 13:51:30.120000'`, '"2016-11-04T13:51:30.12Z"'],
  ['timestamp', `'2016-11-04 13:51:30'`, '"2016-11-04T13:51:30Z"'],
  ['timestamp', `'0044-03-15 12:00:00.5 BC'`, '"-0043-03-15T12:00:00.5Z"'],
  ['timestamp', `'294276-12-31 23:59:59.999999'`, '"+294276-12-31T23:59:59.999999Z"'],
  ['timestamp', `'infinity'`, '"infinity"'],
  ['timestamptz', `'2016-11-04 13:51:30.12+00'`, '"2016-11-04T13:51:30.120000Z"'],
  ['timestamptz', `'2016-11-04 13:51:30.123456+02'`, '"2016-11-04T11:51:30.123456Z"'],
  ['timestamptz(3)', `'2016-11-04 13:51:30.12+00'`, '"2016-11-04T13:51:30.120Z"'],
  ['timestamptz(0)', `'2016-11-04 13:51:30+00'`, '"2016-11-04T13:51:30Z"'],
  ['timestamptz', `'0044-03-15 12:00:00+00 BC'`, '"-0043-03-15T12:00:00.000000Z"'],
  ['timestamptz', `'-infinity'`, '"-infinity"'],
  ['interval', `'1 year 2 mons 3 days 04:05:06.78'`, '"P1Y2M3DT4H5M6.78S"'],
  ['interval', `'0'`, '"P0Y0M0DT0H0M0S"'],
  ['interval', `'-1 year -2 mons +3 days -04:05:06.78'`, '"P-1Y-2M3DT-4H-5M-6.78S"'],
  ['interval', `'-00:00:00.5'`, '"P0Y0M0DT0H0M-0.5S"'],
  ['interval', `'100:00:00'`, '"P0Y0M0DT100H0M0S"'],
  ['interval', `'1 day'`, '"P0Y0M1DT0H0M0S"'],
  ['int4range', `'[1,5)'`, '"[1,5)"'],
  ['tstzrange', `'[2016-01-01 00:00+02,)'`, String.raw`"[\"2015-12-31 22:00:00+00\",)"`],
  ['nummultirange', `'{[1,2),[3,4)}'`, '"{[1,2),[3,4)}"'],
  ['point', `'(1,2.5)'`, '{"x":1,"y":2.5,"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAARA","srid":null}'],
  ['box', `'(1,2),(0,0)'`, '"(1,2),(0,0)"'],
  ['polygon', `'((0,0),(1,1))'`, '"((0,0),(1,1))"'],
  ['mood', `'gl"ad'`, String.raw`"gl\"ad"`],
  ['small', '7', '7'],
  ['smaller', '8', '8'],
  ['moody', `'sad'`, '"sad"'],
  ['precise', `'2016-11-04 13:51:30+00'`, '"2016-11-04T13:51:30.00Z"'],
  ['numbers', `'{1,2}'`, '[1,2]'],
  ['pair', `row(1,'a b')`, String.raw`"(1,\"a b\")"`],
  ['pg_lsn', `'16/B374D848'`, '"16/B374D848"'],
  ['regclass', `'pg_class'`, '"pg_class"'],
  ['xid', `'7'`, '"7"'],
  ['cube', `'(1,2)'`, '"(1, 2)"'],
  ['isbn', `'978-0-11-000533-1'`, '"0-11-000533-3"'],
  ['int4[]', `'{1,NULL,3}'`, '[1,null,3]'],
  ['int8[]', `'{9007199254740993}'`, '[9007199254740993]'],
  ['int4[]', `'{}'`, '[]'],
  ['int4[]', `'{{1,2},{3,4}}'`, '[[1,2],[3,4]]'],
  ['int4[]', `'[2:3]={5,6}'`, '[5,6]'],
  ['text[]', String.raw`array['a,b', 'q"', 'back\slash', 'NULL', null, '', '{x}']`, String.raw`["a,b","q\"","back\\slash","NULL",null,"","{x}"]`],
  ['mood[]', `array['sad', 'gl"ad', null]::mood[]`, String.raw`["sad","gl\"ad",null]`],
  ['smaller[]', `'{1}'`, '[1]'],
  ['numeric[]', `'{1.50,NaN}'`, '["1.50","NAN"]'],
  ['timestamptz(3)[]', `array['2016-11-04 13:51:30+00'::timestamptz]`, '["2016-11-04T13:51:30.000Z"]'],
  ['bytea[]', String.raw`array['\x00ff'::bytea]`, '["AP8="]'],
  ['bit(1)[]', `array[B'1']`, '[true]'],
  ['boolean[]', `'{t,f}'`, '[true,false]'],
  ['date[]', `array['infinity'::date, '2016-11-04']`, '["infinity","2016-11-04Z"]'],
  ['interval[]', `array['1 day'::interval]`, '["P0Y0M1DT0H0M0S"]'],
  ['point[]', `array[point(1,2)]`, '[{"x":1,"y":2,"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAABA","srid":null}]'],
  ['box[]', `array[box '(1,2),(0,0)', box '(3,4),(0,0)']`, '["(1,2),(0,0)","(3,4),(0,0)"]'],
  ['json[]', `array['{"a":[1]}'::json]`, String.raw`["{\"a\":[1]}"]`],
  ['pair[]', `array[row(1,'a')::pair]`, '["(1,a)"]'],
  ['int2vector', `'1 2'`, '"1 2"'],
];

describe('the envelope of', () => {
  let cdc: CdcHarness;
  let after: string;
  let before: string;
  let nulls: string;

  beforeAll(async () => {
    cdc = await CdcHarness.create();
    for (const extension of ['citext', 'ltree', 'hstore', 'cube', 'isn']) await cdc.sql(`create extension ${extension}`);
    await cdc.sql(`create type mood as enum ('sad', 'gl"ad'); create type pair as (a int, b text); create domain small as int check (value < 100);
      create domain smaller as small; create domain moody as mood; create domain precise as timestamptz(2); create domain numbers as int[]`);
    // A database's own settings must change nothing.
    await cdc.sql(`do $$ begin
      execute format('alter database %I set bytea_output = escape', current_database());
      execute format('alter database %I set intervalstyle = sql_standard', current_database());
      execute format('alter database %I set datestyle = ''SQL, DMY''', current_database());
      execute format('alter database %I set extra_float_digits = -10', current_database());
      execute format('alter database %I set timezone = ''Asia/Tokyo''', current_database());
      execute format('alter database %I set search_path = pg_catalog', current_database()); end $$`);
    const columns = CASES.map(([type], index) => `c${index} ${type}`);
    await cdc.sql(`create table public.t (id int primary key, ${columns.join(', ')}); alter table t replica identity full`);
    await cdc.streaming();
    const literals = CASES.map(([type, literal]) => `cast(${literal} as ${type})`);
    await cdc.sql(`insert into public.t values (1, ${literals.join(', ')}); insert into public.t (id) values (2); delete from public.t`);
    const [created, empty, deleted] = await cdc.published('public.t');
    after = created?.text ?? '';
    before = deleted?.text ?? '';
    nulls = empty?.text ?? '';
  });
  afterAll(() => cdc.close());

  it.each(CASES.map(([type, literal, json], index) => ({ type, literal, json, index })))('$type $literal is $json', ({ json, index }) => {
    const field = `"c${index}":${json}${index === CASES.length - 1 ? '}' : ','}`;
    expect(after).toContain(field);
    expect(before).toContain(field);
  });

  it('NULL of every type is null, in the row and nowhere a default', () => {
    const row = JSON.parse(nulls) as { after: Record<string, unknown> };
    expect(Object.values(row.after).filter((value) => value !== null)).toEqual([2]);
    expect(Object.keys(row.after)).toHaveLength(CASES.length + 1);
  });

  it('a column with any name', async () => {
    const names = ['with "quotes"', 'a.b', 'sp ace', 'back\\slash', 'ünï', 'x'.repeat(63)];
    await cdc.sql(`create table public.names (id int primary key, ${names.map((name) => `${quoteIdentifier(name)} int`).join(', ')});
      alter publication lakeloop add table public.names; insert into public.names values (1, 1, 2, 3, 4, 5, 6)`);
    const [event] = await cdc.published('public.names');
    expect(Object.entries(event?.after ?? {})).toEqual([['id', 1], ...names.map((name, index) => [name, index + 1])]);
  });

  it('an enum value added mid-stream', async () => {
    await cdc.sql(`create table public.e (id int primary key, m mood); alter publication lakeloop add table public.e; insert into public.e values (1, 'sad')`);
    await cdc.sql(`alter type mood add value 'new'`);
    await cdc.sql(`insert into public.e values (2, 'new')`);
    expect((await cdc.published('public.e')).map((event) => event.after?.['m'])).toEqual(['sad', 'new']);
  });
});
