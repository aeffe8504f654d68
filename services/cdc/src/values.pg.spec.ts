import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseJson } from '#contracts/topics/json';
import { CdcHarness, type Event } from './testing/cdc-harness.ts';
import { testMajor } from '#libs/testing/postgres-binaries';
import { HOSTILE } from './testing/hostile-settings.ts';

/** Type, SQL literal, and the JSON text that the envelope must hold (envelope.md). */
type Value = readonly [type: string, literal: string, json: string];
const golden = JSON.parse(readFileSync(new URL('../../../contracts/golden/envelope-values.json', import.meta.url), 'utf8')) as {
  extensions: string[];
  types: string[];
  values: Value[];
};

/** What older servers refuse, or read as another value. */
const SINCE: readonly [value: RegExp, major: number][] = [
  [/^numeric\((3,-2|2,4)\)/, 15],
  [/^interval\b.*2562047788:/, 15],
  [/^"char" '\\200'/, 16],
  [/^interval\b.*infinity/, 17],
];
const VALUES = golden.values.filter(([type, literal]) => SINCE.every(([value, major]) => testMajor() >= major || !value.test(`${type} ${literal}`)));
/** An array of an array's type is no type of its own. */
const ARRAYS = VALUES.filter(([type]) => !type.endsWith('[]')).map(([type, literal, json]): Value => {
  const element = `cast(${literal} as ${type})`;
  return [`${type}[]`, `array[${element}, null, ${element}]`, `[${json},null,${json}]`];
});
const UNORDERED = [
  'xml',
  'json',
  'json[]',
  'jsonpath',
  'lquery',
  'ltxtquery',
  'point',
  'point[]',
  'line',
  'lseg',
  'box',
  'box[]',
  'boxy',
  'boxy[]',
  'path',
  'polygon',
  'circle',
  'pg_snapshot',
  'xid',
];
/** Most columns of one index are 32. */
const KEY_COLUMNS = 20;

let cdc: CdcHarness;
/** Rows of a table as the snapshot read them, as the stream inserted and as it deleted them. */
type Seen = Record<'read' | 'created' | 'deleted', Event>;
let scalars: Seen;
let arrays: Seen;
/** By type and literal. */
const keys = new Map<Value, { seen: Seen; name: string }>();

beforeAll(async () => {
  cdc = await CdcHarness.create();
  for (const extension of golden.extensions) await cdc.sql(`create extension ${extension}`);
  for (const type of golden.types) await cdc.sql(type);
  await cdc.sql(HOSTILE);
  await makeTable('scalars', VALUES);
  await makeTable('arrays', ARRAYS);
  for (const table of ['scalars', 'arrays']) await cdc.sql(`alter table ${table} replica identity full`);
  const keyed = await withOrder(VALUES);
  const chunks = Array.from({ length: Math.ceil(keyed.length / KEY_COLUMNS) }, (_, index) => keyed.slice(index * KEY_COLUMNS, (index + 1) * KEY_COLUMNS));
  for (const [index, chunk] of chunks.entries()) {
    await makeTable(`keys_${index}`, chunk);
    await cdc.sql(`alter table keys_${index} drop constraint keys_${index}_pkey, add primary key (${chunk.map((_, place) => `c${place}`).join(', ')})`);
  }
  const service = await cdc.streaming({ CDC_SNAPSHOT: 'initial' });
  const tables = ['scalars', 'arrays', ...chunks.map((_, index) => `keys_${index}`)];
  for (const name of tables) {
    const { state, error } = await service.snapshot(({ table, endedAt }) => table === name && endedAt !== null);
    expect([name, state, error]).toEqual([name, 'completed', null]);
  }
  for (const table of tables) await cdc.sql(`begin; delete from ${table}; insert into ${table} select * from ${table}_values; delete from ${table}; commit`);
  await cdc.published();
  scalars = await seen('scalars');
  arrays = await seen('arrays');
  for (const [index, chunk] of chunks.entries()) {
    const found = await seen(`keys_${index}`);
    for (const [place, value] of chunk.entries()) keys.set(value, { seen: found, name: `c${place}` });
  }
});
afterAll(() => cdc.close());

/** A table with one row of these values, and a view on them. */
async function makeTable(name: string, values: readonly Value[]): Promise<void> {
  const columns = values.map(([type], index) => `c${index} ${type}`);
  const literals = values.map(([type, literal], index) => `cast(${literal} as ${type}) as c${index}`);
  await cdc.sql(`create table ${name} (id int primary key, ${columns.join(', ')}); create view ${name}_values as select 1 as id, ${literals.join(', ')};
    insert into ${name} select * from ${name}_values`);
}

/** Values of types that an index can order. */
async function withOrder(values: readonly Value[]): Promise<Value[]> {
  const found: Value[] = [];
  for (const value of values) {
    const [type, literal] = value;
    const row = `cast(${literal} as ${type})`;
    await cdc.sql(`create temp table keyed (v ${type} primary key); insert into keyed values (${row}), (${row}) on conflict do nothing; drop table keyed`).then(
      () => found.push(value),
      () => undefined,
    );
  }
  return found;
}

async function seen(table: string): Promise<Seen> {
  const [read, , , created, deleted, tombstone] = await cdc.published(`public.${table}`);
  expect([read?.op, created?.op, deleted?.op, tombstone?.op]).toEqual(['r', 'c', 'd', null]);
  return { read, created, deleted } as Seen;
}

const named = (values: readonly Value[]) => values.map((value, index) => ({ type: value[0], literal: value[1], json: value[2], value, index }));
/** The text of `after`, or of `before` where there is none after. */
const row = ({ text, op }: Event): string => /^\{"before":(.*),"after":(.*),"source":/s.exec(text)?.[op === 'd' ? 1 : 2] ?? '';
/** Text of one column in it. */
function column(event: Event, index: number): string {
  const text = row(event);
  const [start, end] = [text.indexOf(`"c${index}":`), text.indexOf(`,"c${index + 1}":`)];
  return start === -1 ? '' : text.slice(text.indexOf(':', start) + 1, end === -1 ? -1 : end);
}

describe('a value read by a snapshot, inserted and deleted, although the database is set to other formats', () => {
  it.each(named(VALUES))('$type $literal is $json', ({ json, index }) => {
    for (const event of Object.values(scalars)) expect(column(event, index)).toBe(json);
  });

  it('is the same text in all three', () => {
    for (const { read, created, deleted } of [scalars, arrays]) expect([row(created), row(deleted)]).toEqual([row(read), row(read)]);
  });

  it('leaves no column out', () => {
    expect(Object.keys(scalars.created.after ?? {})).toHaveLength(VALUES.length + 1);
    expect(Object.keys(arrays.created.after ?? {})).toHaveLength(ARRAYS.length + 1);
  });
});

describe('an array with a NULL between', () => {
  it.each(named(ARRAYS))('$type $literal is $json', ({ json, index }) => {
    for (const event of Object.values(arrays)) expect(column(event, index)).toBe(json);
  });
});

describe('a key', () => {
  it.each(named(VALUES))('of $type $literal holds what the row does, unless no index orders the type', ({ value, json }) => {
    const found = keys.get(value);
    for (const { key, op, before, after } of found ? Object.values(found.seen) : []) {
      expect((key as Record<string, unknown>)[found?.name ?? '']).toEqual(parseJson(json));
      expect((op === 'd' ? before : after)?.[found?.name ?? '']).toEqual(parseJson(json));
    }
  });

  it('was tried for every type that an index orders', () => {
    expect(new Set(VALUES.filter((value) => !keys.has(value)).map(([type]) => type))).toEqual(new Set(UNORDERED));
  });
});

describe('NULL', () => {
  it('of every type is null, in the row and nowhere a default', async () => {
    for (const table of ['scalars', 'arrays']) {
      await cdc.sql(`insert into ${table} (id) values (2); delete from ${table}`);
      const [created, deleted] = (await cdc.published(`public.${table}`)).slice(-3);
      for (const values of [created?.after, deleted?.before]) expect(Object.values(values ?? {}).filter((value) => value !== null)).toEqual([2]);
    }
  });
});
