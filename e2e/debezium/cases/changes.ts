import type { Case } from './case.ts';

const BIG = `repeat('x', 5000), to_jsonb(repeat('y', 5000)), convert_to(repeat('z', 5000), 'UTF8'), array[repeat('w', 5000)], array[7, 8]::int[] || array_fill(1, array[3000])`;
const TOASTED = 'id int primary key, n int, t text, j jsonb, b bytea, a text[], i int[]';
const external = (table: string): string => ['t', 'j', 'b', 'a', 'i'].map((column) => `alter table ${table} alter ${column} set storage external`).join('; ');

/** What happens to rows, under every kind of key and replica identity. */
export const CHANGE_CASES: readonly Case[] = [
  {
    name: 'plain',
    setUp: `create table plain (id int primary key, v text); insert into plain values (1, 'there before'), (2, 'there before')`,
    steps: [
      `insert into plain values (3, 'a'), (4, 'b')`,
      `update plain set v = 'c' where id = 3`,
      `update plain set v = v where id = 3`,
      `insert into plain values (3, 'd'), (5, 'e') on conflict (id) do update set v = excluded.v`,
      `delete from plain where id in (1, 4)`,
    ],
  },
  {
    name: 'identity_full',
    setUp: `create table identity_full (id int primary key, v text); alter table identity_full replica identity full`,
    steps: [`insert into identity_full values (1, 'a')`, `update identity_full set v = 'b'`, `update identity_full set v = null`, `delete from identity_full`],
  },
  {
    name: 'identity_nothing',
    setUp: `create table identity_nothing (id int primary key, v text); alter table identity_nothing replica identity nothing; insert into identity_nothing values (1, 'there before')`,
    steps: [`insert into identity_nothing values (2, 'a')`],
  },
  {
    name: 'identity_index',
    setUp: `create table identity_index (id int primary key, code text not null unique, v text);
      alter table identity_index replica identity using index identity_index_code_key; insert into identity_index values (1, 'there before', 'x')`,
    steps: [
      `insert into identity_index values (2, 'a', 'x')`,
      `update identity_index set v = 'y' where id = 2`,
      `update identity_index set code = 'b' where id = 2`,
      `delete from identity_index where id = 2`,
    ],
  },
  {
    name: 'composite_key',
    setUp: `create table composite_key (b int, v text, a text, primary key (a, b)); insert into composite_key values (1, 'there before', 'k')`,
    steps: [`insert into composite_key values (2, 'x', 'k')`, `update composite_key set v = 'y' where b = 2`, `delete from composite_key`],
  },
  {
    name: 'keyless',
    setUp: `create table keyless (v int, w text); alter table keyless replica identity full; insert into keyless values (0, 'there before')`,
    steps: [`insert into keyless values (1, 'a')`, `update keyless set w = 'b' where v = 1`, `delete from keyless where v = 1`],
  },
  {
    name: 'key_change',
    setUp: `create table key_change (id int primary key, v text, big text); alter table key_change alter big set storage external`,
    steps: [
      `insert into key_change values (1, 'x', repeat('y', 4000))`,
      `update key_change set id = 2`,
      `begin; update key_change set id = 3; insert into key_change values (9, 'z', null); commit`,
    ],
  },
  {
    name: 'key_change_full',
    setUp: `create table key_change_full (id int primary key, v text, big text); alter table key_change_full alter big set storage external; alter table key_change_full replica identity full`,
    steps: [`insert into key_change_full values (1, 'x', repeat('y', 4000))`, `update key_change_full set id = 2`],
  },
  {
    name: 'key_types',
    setUp: `create table key_types (u uuid, n numeric, t timestamptz, b bytea, f float8, primary key (u, n, t, b, f))`,
    steps: [`insert into key_types values ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1.50, '2020-01-01 00:00+00', '\\x00', 0.1)`, `delete from key_types`],
  },
  {
    name: 'toast',
    setUp: `create table toast (${TOASTED}); ${external('toast')}`,
    steps: [`insert into toast values (1, 1, ${BIG})`, `update toast set n = 2`],
  },
  {
    name: 'toast_full',
    setUp: `create table toast_full (${TOASTED}); ${external('toast_full')}; alter table toast_full replica identity full`,
    steps: [`insert into toast_full values (1, 1, ${BIG})`, `update toast_full set n = 2`, `delete from toast_full`],
  },
  {
    name: 'defaults',
    setUp: `create table defaults (id int primary key, n int not null default 5, t text not null default 'd', nullable int default 7, at timestamptz not null default '2020-01-01 00:00+00')`,
    steps: [
      `insert into defaults (id) values (1)`,
      `insert into defaults (id, nullable) values (2, null)`,
      `update defaults set nullable = null`,
      `delete from defaults`,
    ],
  },
  { name: 'copied', setUp: `create table copied (id int primary key, v text)`, steps: [String.raw`copy copied from program 'printf "1\ta\n2\tb\n"'`] },
  {
    name: 'interleaved',
    setUp: `create table interleaved (id int primary key)`,
    steps: [
      `begin; insert into interleaved values (1); select dblink_exec('host=127.0.0.1 user=postgres password=postgres port=' || current_setting('port') || ' dbname=' || current_database(),
        'insert into interleaved values (2)'); insert into interleaved values (3); commit`,
    ],
  },
  {
    name: 'truncated',
    setUp: `create table truncated (id int primary key); create table truncated_too (id int primary key)`,
    steps: [
      `insert into truncated values (1)`,
      `truncate truncated`,
      `begin; insert into truncated_too values (1); truncate truncated, truncated_too; insert into truncated values (2); commit`,
    ],
  },
  {
    name: 'rolled_back',
    setUp: `create table rolled_back (id int primary key)`,
    steps: [
      `begin; insert into rolled_back values (1); rollback`,
      `begin; insert into rolled_back values (2); savepoint s; insert into rolled_back values (3); rollback to s; insert into rolled_back values (4); savepoint s2; insert into rolled_back values (5); release s2; commit`,
    ],
  },
  {
    name: 'two_phase',
    setUp: `create table two_phase (id int primary key)`,
    steps: [
      `begin; insert into two_phase values (1); prepare transaction 'two_phase_1'`,
      `insert into two_phase values (2)`,
      `commit prepared 'two_phase_1'`,
      `begin; insert into two_phase values (3); prepare transaction 'two_phase_2'`,
      `rollback prepared 'two_phase_2'`,
    ],
  },
  {
    name: 'generated',
    setUp: `create table generated (id int primary key, a int, doubled int generated always as (a * 2) stored, tripled int generated always as (a * 3) virtual);
      insert into generated (id, a) values (1, 1)`,
    steps: [`insert into generated (id, a) values (2, 5)`, `update generated set a = 6 where id = 2`],
  },
];

/** Tables whose shape or name is out of the ordinary, or changes. */
export const TABLE_CASES: readonly Case[] = [
  {
    name: 'Odd "T.1 \\x',
    setUp: `create table "Odd ""T.1 \\x" ("a ""b" int primary key, "c.d" int, "e f" int, "g\\h" int, "ünï" int, "${'x'.repeat(63)}" int);
      insert into "Odd ""T.1 \\x" values (1, 2, 3, 4, 5, 6)`,
    steps: [`insert into "Odd ""T.1 \\x" values (2, 2, 3, 4, 5, 6)`, `delete from "Odd ""T.1 \\x" where "a ""b" = 2`],
  },
  { name: 'таблица', setUp: `create table "таблица" (id int primary key, "значение" text)`, steps: [`insert into "таблица" values (1, 'да')`] },
  {
    name: 'partitioned',
    setUp: `create table partitioned (id int, v text, primary key (id)) partition by range (id);
      create table partitioned_low partition of partitioned for values from (0) to (100); create table partitioned_high partition of partitioned for values from (100) to (200);
      insert into partitioned values (1, 'there before')`,
    steps: [
      `insert into partitioned values (2, 'a'), (101, 'b')`,
      `update partitioned set v = 'c' where id = 2`,
      `update partitioned set id = 102 where id = 2`,
      `delete from partitioned where id = 101`,
    ],
  },
  {
    name: 'altered',
    setUp: `create table altered (id int primary key, a int); insert into altered values (0, 0)`,
    steps: [
      `insert into altered values (1, 1)`,
      `alter table altered add b text default 'x'; insert into altered values (2, 2, 'y')`,
      `update altered set a = 5 where id = 0`,
      `alter table altered drop a; insert into altered values (3, 'z')`,
      `alter table altered rename b to c; insert into altered values (4, 'w')`,
      `alter table altered alter c drop default, alter c type int using 7; insert into altered values (5, 8)`,
      `alter table altered add d numeric(5,2); insert into altered values (6, 9, 1.5)`,
      `alter table altered alter d type timestamptz(3) using '2020-01-01 00:00+00'; insert into altered values (7, 9, '2021-01-01 00:00+00')`,
    ],
  },
  {
    name: 'altered_at_once',
    setUp: `create table altered_at_once (id int primary key, a int)`,
    steps: [
      `begin; insert into altered_at_once values (1, 1); alter table altered_at_once add b int; insert into altered_at_once values (2, 2, 2);
       alter table altered_at_once rename a to c; insert into altered_at_once values (3, 3, 3); commit`,
    ],
  },
  {
    name: 'rekeyed',
    setUp: `create table rekeyed (id int primary key, code text not null)`,
    steps: [
      `insert into rekeyed values (1, 'a'); alter table rekeyed drop constraint rekeyed_pkey; alter table rekeyed add primary key (code)`,
      `insert into rekeyed values (2, 'b')`,
      `delete from rekeyed`,
    ],
  },
  {
    name: 'renamed',
    setUp: `create table renamed (id int primary key)`,
    steps: [`insert into renamed values (1)`, `alter table renamed rename to renamed_since; insert into renamed_since values (2)`],
  },
  {
    name: 'recreated',
    setUp: `create table recreated (id int primary key, a int)`,
    steps: [
      `insert into recreated values (1, 1)`,
      `drop table recreated; create table recreated (id text primary key, b int)`,
      `insert into recreated values ('x', 2)`,
    ],
  },
  { name: 'born_later', setUp: '', steps: [`create table born_later (id int primary key, v text)`, `insert into born_later values (1, 'a')`] },
  {
    name: 'moved',
    setUp: `create table moved (id int primary key); create schema elsewhere`,
    steps: [`insert into moved values (1)`, `alter table moved set schema elsewhere; insert into elsewhere.moved values (2)`],
  },
  {
    name: 'enum_grows',
    setUp: `create type grows as enum ('a'); create table enum_grows (id int primary key, v grows, w grows[])`,
    steps: [`insert into enum_grows values (1, 'a', '{a}')`, `alter type grows add value 'b'`, `insert into enum_grows values (2, 'b', '{a,b}')`],
  },
  {
    name: 'type_of_its_own',
    setUp: `create table type_of_its_own (id int primary key)`,
    steps: [
      `create type born as enum ('x'); alter table type_of_its_own add v born; insert into type_of_its_own values (1, 'x')`,
      `create domain born_too as numeric(5,2); alter table type_of_its_own add w born_too; insert into type_of_its_own values (2, 'x', 1)`,
    ],
  },
];

/** Where the publication has `publish_via_partition_root`, in a database whose own settings print values in other ways. */
export const ROOT_CASES: readonly Case[] = [
  {
    name: 'rooted',
    setUp: `create table rooted (id int, v text, primary key (id)) partition by range (id);
      create table rooted_low partition of rooted for values from (0) to (100); create table rooted_high (v text, id int not null primary key);
      alter table rooted attach partition rooted_high for values from (100) to (200); insert into rooted values (1, 'there before')`,
    steps: [
      `insert into rooted values (2, 'a'), (101, 'b')`,
      `update rooted set v = 'c' where id = 101`,
      `update rooted set id = 102 where id = 2`,
      `delete from rooted where id = 101`,
      `create table rooted_new (id int primary key, v text); alter table rooted attach partition rooted_new for values from (200) to (300)`,
      `insert into rooted values (201, 'd')`,
      `alter table rooted detach partition rooted_new; insert into rooted_new values (202, 'e')`,
      `truncate rooted`,
    ],
  },
  {
    name: 'printed',
    setUp: `create table printed (id int primary key, b bytea, i interval, d date, t timestamp, z timestamptz, f float8, m money, o regclass);
      alter table printed replica identity full;
      insert into printed values (1, '\\x00ff', '1 day -02:00', '2016-11-04', '2016-11-04 13:51:30.12', '2016-11-04 13:51:30.12+00', 0.1, 1234.5, 'pg_class')`,
    steps: [`insert into printed select 2, b, i, d, t, z, f, m, o from printed`, `delete from printed where id = 2`],
  },
];

export const HOSTILE_SETTINGS = `do $$ begin
  execute format('alter database %I set bytea_output = escape', current_database());
  execute format('alter database %I set intervalstyle = sql_standard', current_database());
  execute format('alter database %I set datestyle = ''SQL, DMY''', current_database());
  execute format('alter database %I set extra_float_digits = -10', current_database());
  execute format('alter database %I set timezone = ''Asia/Tokyo''', current_database());
  execute format('alter database %I set search_path = pg_catalog, public', current_database()); end $$`;
