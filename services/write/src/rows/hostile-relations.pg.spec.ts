import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { quoteIdentifier, quoteTable } from '#libs/postgres/identifiers';
import { openRows, type RowsStand } from '../testing/rows-stand.ts';

/** Names that break whatever is put together without quoting, and those that statements use themselves. */
const NAMES = [
  'x"; drop table app.victim; --',
  "o'hare",
  '$1',
  '%41',
  'select',
  'a.b',
  'a,b',
  'a(b)!inner',
  'ü 🐘',
  '->>',
  'not.and',
  '\\',
  '/*',
  '_r',
  '_t',
  '_t1',
  '_t2',
  '_e1',
  '_e2',
  '_x',
  '_j',
  '_one',
  '_b',
  '_f',
  '_s',
  '_w',
  'v',
  'c0',
  'o0',
  'found',
  'pgrst_scalar',
  'and',
  'order',
];

const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
const child = (name: string): string => `${name} child`;

let stand: RowsStand;

beforeAll(async () => {
  const columns = NAMES.map((column) => `${quoteIdentifier(column)} text default 'd'`).join(', ');
  const made = NAMES.map((name) => {
    const [parent, other] = [quoteTable({ schema: 'app', name }), quoteTable({ schema: 'app', name: child(name) })];
    const key = quoteIdentifier(name);
    return `
      create table ${parent} (id integer primary key, ${columns});
      create table ${other} (number integer primary key, ${key} integer constraint ${key} references ${parent});
      create function ${quoteTable({ schema: 'app', name: `${name} of` })}(${key} integer) returns table (${quoteIdentifier(`${name} out`)} integer) immutable language sql as $f$ select $1 $f$;
      insert into ${parent} (id) values (1), (2); insert into ${other} values (10, 1), (11, 1), (12, 2);`;
  });
  stand = await openRows(`create schema app; create schema other; create table app.victim (id integer); ${made.join('\n')}
    grant usage on schema app to analyst; grant all on all tables in schema app to analyst; revoke all on app.victim from analyst;`);
});

afterAll(async () => {
  const { rows } = await stand.database.client.query("select to_regclass('app.victim') is not null as lives");
  await stand.stop();
  expect(rows).toEqual([{ lives: true }]);
});

async function get(table: string, query: Record<string, string>, headers: Record<string, string> = {}): Promise<unknown> {
  const reply = await stand.get(`${encodeURIComponent(table)}?${new URLSearchParams(query).toString()}`, headers);
  return reply.body ?? reply.text;
}

describe.each(NAMES)('related tables, keys and functions called %j', (name) => {
  it('are embedded, hinted at, filtered, ordered by, spread and called', async () => {
    const related = quoted(child(name));
    expect(await get(name, { select: `id,${related}(number)`, [`${related}.number`]: 'gt.10', [`${related}.order`]: 'number.desc', order: 'id' })).toEqual([
      { id: 1, [child(name)]: [{ number: 11 }] },
      { id: 2, [child(name)]: [{ number: 12 }] },
    ]);
    expect(await get(child(name), { select: `number,up:${quoted(name)}!${quoted(name)}(id,${quoted(name)})`, number: 'eq.12' })).toEqual([
      { number: 12, up: { id: 2, [name]: 'd' } },
    ]);
    expect(await get(child(name), { select: `number,${quoted(name)}()`, order: `${quoted(name)}(id).desc,number`, limit: '1' })).toEqual([{ number: 12 }]);
    expect(await get(child(name), { select: `number,...${quoted(name)}(${quoted(name)}:id)`, number: 'eq.10' })).toEqual([{ number: 10, [name]: 1 }]);
    expect(await get(name, { select: `...${related}(${quoted(name)}:number)`, id: 'eq.1', [`${related}.order`]: 'number' })).toEqual([{ [name]: [10, 11] }]);
    expect(await get(name, { select: `id,${quoted(name)}:${related}(count())`, id: 'eq.1' })).toEqual([{ id: 1, [name]: [{ count: 2 }] }]);
    expect(await get(name, { select: `id,${related}!inner()`, [`${related}.number`]: 'eq.12' })).toEqual([{ id: 2 }]);
    expect(await get(name, { select: `${quoted(name)}:id`, id: 'eq.1' }, { accept: 'text/csv' })).toBe(
      `${/[\s",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name}\n1`,
    );
    const called = await stand.send('POST', `rpc/${encodeURIComponent(`${name} of`)}?select=${encodeURIComponent(quoted(`${name} out`))}`, {
      body: { [name]: 5 },
    });
    expect([called.status, called.body]).toEqual([200, [{ [`${name} out`]: 5 }]]);
  });
});

describe('names that nothing has', () => {
  it('are refused wherever they stand, whatever they hold', async () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((value) => !value.includes('\0') && value.trim() !== '' && !NAMES.includes(value));
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const name = quoted(value);
        const status = async (query: Record<string, string>): Promise<number> => (await stand.get(`select?${new URLSearchParams(query).toString()}`)).status;
        expect(await status({ select: `${name}(*)` })).toBe(400);
        expect(await status({ select: `"select child"!${name}(number)` })).toBe(400);
        expect(await status({ select: `...${name}(*)` })).toBe(400);
        expect(await status({ select: 'id', order: `${name}(id)` })).toBe(400);
        expect(await status({ select: 'id', [`${name}.id`]: 'eq.1' })).toBe(400);
        expect((await stand.send('POST', `rpc/${encodeURIComponent(value)}`, { body: {} })).status).toBe(404);
        expect((await stand.send('POST', 'rpc/select%20of', { body: { [value]: 1 } })).status).toBe(404);
      }),
      { numRuns: 30 },
    );
  });
});
