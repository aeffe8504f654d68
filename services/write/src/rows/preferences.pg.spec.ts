import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openRows, type RowsReply, type RowsStand } from '../testing/rows-stand.ts';

const SCHEMA = `
  create schema app; create schema other;
  create table app.items (id integer primary key, name text default 'unnamed', size integer default 1 + 1, at timestamptz default '2020-01-01 12:00+00');
  create table app.pairs (a integer, b integer, note text, primary key (a, b));
  create table app.codes (id integer primary key, code text unique);
  create view app.small_items as select id, name from app.items where size < 10;
  create view app.pair_view as select * from app.pairs;
  create table app.parts (id integer, region text, note text, primary key (id, region)) partition by list (region);
  create table app.parts_north partition of app.parts for values in ('north');
  insert into app.items (id) select generate_series(1, 5);
  grant usage on schema app to analyst; grant all on all tables in schema app to analyst;
`;

let stand: RowsStand;
beforeAll(async () => {
  stand = await openRows(SCHEMA, { REST_TX_END: 'commit-allow-override' });
});
afterAll(() => stand.stop());

const write = (method: string, path: string, body: unknown, prefer: string, more: Record<string, string> = {}): Promise<RowsReply> =>
  stand.send(method, path, { body, headers: { prefer, ...more } });
const shown = 'return=representation';

describe('writing with preferences', () => {
  it('fills in defaults for keys that objects lack', async () => {
    const body = [{ id: 10 }, { id: 11, name: null }, { id: 12, name: 'x', size: 5 }];
    const made = await write('POST', 'items?columns=id,name,size&select=id,name,size', body, `${shown}, missing=default`);
    expect(made.body).toEqual([
      { id: 10, name: 'unnamed', size: 2 },
      { id: 11, name: null, size: 2 },
      { id: 12, name: 'x', size: 5 },
    ]);
    expect(made.headers.get('preference-applied')).toBe('missing=default, return=representation');
    const nulls = await write('POST', 'items?columns=id,name&select=name', { id: 13 }, shown);
    expect(nulls.body).toEqual([{ name: null }]);
    const set = await write('PATCH', 'items?id=eq.12&columns=size&select=size', {}, `${shown}, missing=default`);
    expect(set.body).toEqual([{ size: 2 }]);
    // One object, and the same shape again from what was kept of the first.
    for (const id of [14, 15]) {
      const again = await write('POST', 'items?columns=id,name,size&select=id,name,size', { id }, `${shown}, missing=default`);
      expect(again.body).toEqual([{ id, name: 'unnamed', size: 2 }]);
    }
  });

  it('ends the transaction as the request says', async () => {
    const undone = await write('DELETE', 'items?id=eq.1&select=id', undefined, `${shown}, tx=rollback`);
    expect([undone.status, undone.body, undone.headers.get('preference-applied')]).toEqual([200, [{ id: 1 }], 'return=representation, tx=rollback']);
    expect((await stand.get('items?id=eq.1&select=id')).body).toEqual([{ id: 1 }]);
    expect((await write('POST', 'codes', { id: 1, code: 'kept' }, 'tx=commit')).status).toBe(201);
  });

  it('shows times in the zone that is asked for, and refuses what it does not know where asked strictly', async () => {
    const { body, headers } = await stand.get('items?id=eq.1&select=at', { prefer: 'timezone=America/Los_Angeles' });
    expect([body, headers.get('preference-applied')]).toEqual([[{ at: '2020-01-01T04:00:00-08:00' }], 'timezone=America/Los_Angeles']);
    expect(await stand.get('items', { prefer: 'handling=strict, dance=tango' })).toMatchObject({
      status: 400,
      body: { code: 'PGRST122', details: 'Invalid preferences: dance=tango' },
    });
    expect((await stand.get('items?limit=1', { prefer: 'handling=lenient, dance=tango' })).status).toBe(200);
  });

  it('undoes a write of more rows than max-affected, where that is strict', async () => {
    expect(await write('PATCH', 'items?id=lt.4', { name: 'x' }, 'handling=strict, max-affected=2')).toMatchObject({
      status: 400,
      body: { code: 'PGRST124', details: 'The query affects 3 rows' },
    });
    expect((await write('PATCH', 'items?id=lt.4', { size: 3 }, 'max-affected=2')).status).toBe(204);
    expect((await stand.get('items?name=eq.x&id=lt.4')).body).toEqual([]);
  });

  it('keeps the promise of one object by undoing the write', async () => {
    const one = { accept: 'application/vnd.pgrst.object+json' };
    expect(await write('DELETE', 'items?id=in.(1,2)', undefined, 'return=minimal', one)).toMatchObject({ status: 406, body: { code: 'PGRST116' } });
    expect((await stand.get('items?id=in.(1,2)&select=id')).body).toHaveLength(2);
  });

  it('changes the first of an order where the number is bounded', async () => {
    const bounded = await write('PATCH', 'items?order=id.desc&limit=1&id=lt.6&select=id', { name: 'last' }, shown);
    expect(bounded.body).toEqual([{ id: 5 }]);
    expect((await write('DELETE', 'items?order=id&offset=1&limit=1&id=in.(3,4,5)&select=id', undefined, shown)).body).toEqual([{ id: 4 }]);
    expect(await write('DELETE', 'items?limit=1', undefined, shown)).toMatchObject({ status: 400, body: { code: 'PGRST109' } });
    expect((await write('PATCH', 'pair_view?order=a&limit=1', { note: 'none' }, shown)).body).toEqual([]);
  });
});

describe('PUT', () => {
  it('inserts or replaces the one row that its filters name', async () => {
    expect(await write('PUT', 'pairs?a=eq.1&b=eq.2', { a: 1, b: 2, note: 'new' }, shown)).toMatchObject({ status: 201, body: [{ note: 'new' }] });
    expect(await write('PUT', 'pairs?a=eq.1&b=eq.2', { a: 1, b: 2, note: 'newer' }, shown)).toMatchObject({ status: 200, body: [{ note: 'newer' }] });
    expect((await write('PUT', 'pairs?a=eq.1&b=eq.2', { a: 1, b: 2 }, '')).status).toBe(204);
    expect(await write('PUT', 'parts?id=eq.1&region=eq.north', { id: 1, region: 'north' }, shown)).toMatchObject({ status: 201 });
    expect(await write('PUT', 'parts?id=eq.1&region=eq.north', { id: 1, region: 'north' }, shown)).toMatchObject({ status: 200 });
  });

  it.each([
    ['another row than the body’s', 'pairs?a=eq.1&b=eq.3', { a: 1, b: 2 }, 400, 'PGRST115'],
    ['less than the key', 'pairs?a=eq.1', { a: 1, b: 2 }, 405, 'PGRST105'],
    ['more than the key', 'pairs?a=eq.1&b=eq.2&note=eq.x', { a: 1, b: 2 }, 405, 'PGRST105'],
    ['another operator', 'pairs?a=eq.1&b=gt.1', { a: 1, b: 2 }, 405, 'PGRST105'],
    ['a page', 'pairs?a=eq.1&b=eq.2&limit=1', { a: 1, b: 2 }, 400, 'PGRST114'],
  ])('refuses %s', async (_what, path, body, status, code) => {
    expect(await write('PUT', path, body, shown)).toMatchObject({ status, body: { code } });
  });
});

describe('upserts', () => {
  it('say whether something was inserted, also through views and on partitions', async () => {
    const merge = 'resolution=merge-duplicates';
    expect((await write('POST', 'parts', [{ id: 7, region: 'north', note: 'a' }], merge)).status).toBe(201);
    const updated = await write('POST', 'parts?select=note', { id: 7, region: 'north', note: 'b' }, `${merge}, ${shown}`);
    expect([updated.status, updated.body]).toEqual([200, [{ note: 'b' }]]);
    for (const note of ['c', 'd']) {
      expect((await write('POST', 'parts', { id: 7, region: 'north', note }, merge)).status).toBe(200);
      expect((await stand.get('parts?id=eq.7&select=note')).body).toEqual([{ note }]);
    }
    expect((await write('POST', 'codes?on_conflict=code', { id: 9, code: 'kept' }, 'resolution=ignore-duplicates')).status).toBe(201);
    expect((await stand.get('codes?select=id')).body).toEqual([{ id: 1 }]);
  });
});

describe('counting', () => {
  it('asks the planner where that is wanted', async () => {
    await stand.database.client.query('insert into app.items (id) select generate_series(1001, 1100); analyze app.items');
    const range = async (path: string, prefer: string): Promise<string | null> => (await stand.get(path, { prefer })).headers.get('content-range');
    const exact = await range('items?select=id&limit=2', 'count=exact');
    expect(exact).toMatch(/^0-1\/1\d\d$/);
    expect(await range('items?select=id&limit=2', 'count=planned')).toBe(exact);
    expect(await range('items?select=id&limit=2&id=gt.1000', 'count=estimated')).toMatch(/^0-1\/\d+$/);
    expect(await range('items?select=id&id=eq.-1', 'count=planned')).toMatch(/^\*\/\d+$/);
  });
});

describe('bodies', () => {
  it('may be CSV or a form', async () => {
    const csv = 'id,name\r\n50,"Doe, ""J"""\n51,NULL\n52,';
    const made = await stand.send('POST', 'items?select=id,name&order=id', { body: csv, headers: { 'content-type': 'text/csv', prefer: shown } });
    expect([made.status, made.body]).toEqual([
      201,
      [
        { id: 50, name: 'Doe, "J"' },
        { id: 51, name: null },
        { id: 52, name: '' },
      ],
    ]);
    const ragged = await stand.send('POST', 'items', { body: 'id,name\n1', headers: { 'content-type': 'text/csv' } });
    expect(ragged).toMatchObject({ status: 400, body: { code: 'PGRST102', message: 'All lines must have same number of fields' } });
    const form = { 'content-type': 'application/x-www-form-urlencoded', prefer: shown };
    expect((await stand.send('POST', 'items?select=name', { body: 'id=60&name=a+b%26c', headers: form })).body).toEqual([{ name: 'a b&c' }]);
    expect(await stand.send('POST', 'items', { body: [{ id: 1 }, { name: 'x' }] })).toMatchObject({
      status: 400,
      body: { message: 'All object keys must match' },
    });
  });
});
