import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import { CdcHarness } from './testing/cdc-harness.ts';

/** At most 63 bytes each. */
const NAMES = [
  'with "quotes"',
  "it's",
  'dot.ted',
  'sp ace',
  'back\\slash',
  'UPPER and lower',
  '$1 %I {x}',
  '-- select; /*',
  'ünï 漢字 😀',
  'x'.repeat(63),
  `${'ü'.repeat(31)}x`,
  '\t\n',
];

/** One underscore for each character that a topic's name may not have. */
const inTopic = (name: string): string => Array.from(name, (character) => (/[A-Za-z0-9._-]/.test(character) ? character : '_')).join('');

let cdc: CdcHarness;

beforeAll(async () => {
  cdc = await CdcHarness.create();
  // A table's name is a type's already.
  await cdc.sql('create schema types');
  for (const name of NAMES) {
    const [quoted, label] = [quoteIdentifier(name), quoteLiteral(name)];
    await cdc.sql(`create schema ${quoted}; create type types.${quoted} as enum (${label}, 'other');
      create table ${quoted}.${quoted} (${quoted} types.${quoted} primary key, v int); insert into ${quoted}.${quoted} values (${label}, 1)`);
  }
  const service = await cdc.streaming({ CDC_SNAPSHOT: 'initial' });
  for (const name of NAMES) await service.snapshot(({ schema, state }) => schema === name && state === 'completed');
  for (const name of NAMES) await cdc.sql(`update ${quoteIdentifier(name)}.${quoteIdentifier(name)} set v = 2`);
  await cdc.published();
});
afterAll(() => cdc.close());

describe('a schema, table, column, type and label named', () => {
  it.each(NAMES.map((name) => ({ name })))('$name', async ({ name }) => {
    const topic = inTopic(name);
    const events = await cdc.published(`${topic}.${topic}`);
    expect(events.map(({ op, key, after }) => [op, key, after])).toEqual([
      ['r', { [name]: name }, { [name]: name, v: 1 }],
      ['u', { [name]: name }, { [name]: name, v: 2 }],
    ]);
    for (const { source } of events) expect(source).toMatchObject({ schema: name, table: name });
  });
});

describe('an enum', () => {
  it('has the values that were added and renamed mid-stream', async () => {
    await cdc.sql(`create type mood as enum ('sad'); create table public.e (id int primary key, m mood, l mood[]); alter publication lakeloop add table public.e;
      insert into public.e values (1, 'sad', '{sad}')`);
    await cdc.sql(`alter type mood add value 'new'`);
    await cdc.sql(
      `insert into public.e values (2, 'new', '{new,sad}'); alter type mood rename value 'sad' to 'blue'; insert into public.e values (3, 'blue', '{blue}')`,
    );
    expect((await cdc.published('public.e')).map(({ after }) => [after?.['m'], after?.['l']])).toEqual([
      ['sad', ['sad']],
      ['new', ['new', 'sad']],
      ['blue', ['blue']],
    ]);
  });
});

describe('two tables of one topic', () => {
  it('stop capture before the second one publishes anything, while a successor may have the topic', async () => {
    const other = await CdcHarness.create();
    await other.sql(`create schema odd; create table odd."a b" (id int primary key)`);
    const service = await other.streaming();
    await other.sql(`insert into odd."a b" values (1); drop table odd."a b"; create table odd."a.b" (id int primary key); alter publication lakeloop add table odd."a.b";
      create table odd."a_b" (id int primary key); alter publication lakeloop add table odd."a_b"; insert into odd."a_b" values (2)`);
    expect((await other.published('odd.a_b')).map(({ after }) => after?.['id'])).toEqual([1, 2]);
    await other.sql(`create table odd."a$b" (id int primary key); alter publication lakeloop add table odd."a$b"; insert into odd."a$b" values (3)`);
    await expect(service.reaches('stopped', /never/)).rejects.toThrow('"odd"."a_b" and "odd"."a$b" have one topic, test.odd.a_b');
    const published = await other.events('test.odd.a_b');
    await other.close();
    expect(published.map(({ after }) => after?.['id'])).toEqual([1, 2]);
  });
});
