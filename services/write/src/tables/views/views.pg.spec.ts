import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SavedView, SavedViews, TableView } from '#contracts/http/table-views';
import { type ApiStand, openApi, type Reply } from '../../testing/api-stand.ts';

let stand: ApiStand;

beforeAll(async () => {
  stand = await openApi(
    `create schema app authorization lakeloop_owner;
    create table app.deal (id bigint primary key, client text, margin numeric); create table app.other (id bigint primary key); create table app.secret (id bigint primary key);
    grant usage on schema app to analyst, sales, auditor; grant select, update on app.deal, app.other to analyst; grant select (id, client) on app.deal to sales; grant select on app.secret to auditor`,
    { editsTables: true },
  );
});
afterAll(() => stand?.stop());

const PLAIN: TableView = { sorts: [], filters: [], hidden: [], order: [], widths: {} };
const filtered = (column: string, value: string): TableView => ({ ...PLAIN, filters: [{ column, operator: 'is', values: [value] }] });

interface Who {
  role?: string;
  sub?: string;
  table?: string;
}
const call = <T = Record<string, unknown>>(
  method: string,
  path: string,
  body?: unknown,
  { role = 'analyst', sub, table = 'deal' }: Who = {},
): Promise<Reply<T>> =>
  stand.call<T>(method, `/v1/tables/${table}/views${path}`, {
    role,
    ...(sub === undefined ? {} : { claims: { sub } }),
    ...(body === undefined ? {} : { body }),
  });
const keep = (name: string, view: TableView, more: Who & { shared?: boolean } = {}): Promise<Reply<SavedView>> =>
  call<SavedView>('POST', '', { name, view, ...(more.shared === undefined ? {} : { shared: more.shared }) }, more);
const list = async (who: Who = {}): Promise<SavedViews> => (await call<SavedViews>('GET', '', undefined, who)).body;
const names = async (who: Who = {}): Promise<string[]> => (await list(who)).views.map(({ name }) => name);

describe('a view that somebody keeps', () => {
  it('is theirs alone, as they kept it, renamed, changed and deleted by them', async () => {
    const view: TableView = {
      sorts: [{ column: 'client', descending: true }],
      filters: [{ column: 'margin', operator: 'least', values: ['10.50'] }],
      hidden: ['id'],
      order: ['margin'],
      widths: { client: 240 },
    };
    const kept = await keep('Mine', view, { sub: 'ann' });
    expect(kept).toMatchObject({ status: 201, body: { name: 'Mine', owner: 'ann', mine: true, shared: false, view } });
    expect(await list({ sub: 'ann' })).toEqual({ views: [kept.body], default: null });
    expect(await names({ sub: 'ben' })).toEqual([]);
    const { id } = kept.body;
    for (const [method, body] of [
      ['PATCH', { name: 'Taken' }],
      ['DELETE', undefined],
    ] as const)
      expect((await call(method, `/${id}`, body, { sub: 'ben' })).status).toBe(404);
    expect((await call<SavedView>('PATCH', `/${id}`, { name: 'Ours', view: PLAIN }, { sub: 'ann' })).body).toMatchObject({ name: 'Ours', view: PLAIN });
    expect((await keep('Ours', PLAIN, { sub: 'ann' })).status).toBe(409);
    expect((await keep('Ours', PLAIN, { sub: 'ben' })).status).toBe(201);
    expect((await call('DELETE', `/${id}`, undefined, { sub: 'ann' })).status).toBe(204);
    expect(await names({ sub: 'ann' })).toEqual([]);
  });

  it('belongs to its table: another one’s address does not reach it, and a renamed table keeps it', async () => {
    const { body } = await keep('Here', PLAIN, { sub: 'cat', table: 'other' });
    expect((await call('PATCH', `/${body.id}`, { name: 'x' }, { sub: 'cat' })).status).toBe(404);
    expect((await call('PUT', '/default', { view: body.id }, { sub: 'cat' })).status).toBe(404);
    await stand.database.client.query('alter table app.other rename to another');
    expect(await names({ sub: 'cat', table: 'another' })).toEqual(['Here']);
  });
});

describe('a shared view', () => {
  it('is seen by everybody who may read the table, and changed by its owner alone', async () => {
    const { body } = await keep('For all', filtered('client', 'ACME'), { sub: 'dan', shared: true });
    const seen = (await list({ sub: 'eve', role: 'sales' })).views.find(({ name }) => name === 'For all');
    expect(seen).toEqual({ ...body, mine: false });
    for (const [method, change] of [
      ['PATCH', { shared: false }],
      ['DELETE', undefined],
    ] as const)
      expect((await call(method, `/${body.id}`, change, { sub: 'eve', role: 'sales' })).status).toBe(404);
    await call('PATCH', `/${body.id}`, { shared: false }, { sub: 'dan' });
    expect(await names({ sub: 'eve', role: 'sales' })).toEqual([]);
  });

  it('gives no rights: not to who may not read the table, nor a filter’s value to who may not read its column', async () => {
    await keep('Secret', filtered('margin', '47.11'), { sub: 'dan', shared: true });
    await keep('Wide', { ...PLAIN, hidden: ['margin'], order: ['margin', 'client'], widths: { margin: 99 } }, { sub: 'dan', shared: true });
    const sales = await list({ sub: 'eve', role: 'sales' });
    expect(sales.views.map(({ name, view }) => ({ name, view }))).toEqual([{ name: 'Wide', view: { ...PLAIN, order: ['client'] } }]);
    expect(await names({ sub: 'fay' })).toEqual(['Secret', 'Wide']);
    expect((await call('GET', '', undefined, { role: 'auditor', sub: 'gil' })).status).toBe(404);
    expect((await keep('x', PLAIN, { role: 'sales', table: 'secret' })).status).toBe(404);
  });

  it('is the same for psql under the role', async () => {
    const { client } = stand.database;
    await client.query('begin; set local role sales');
    try {
      const { rows } = await client.query<{ name: string }>(`select name from lakeloop.table_view where root = 'app.deal'::regclass`);
      expect(rows).toEqual([{ name: 'Wide' }]);
      await expect(client.query(`insert into lakeloop.table_view (root, name, view) values ('app.secret'::regclass, 'x', '{}')`)).rejects.toThrow(
        /row-level security|permission denied|null value/,
      );
    } finally {
      await client.query('rollback');
    }
  });
});

describe('a default view', () => {
  it('is each person’s own: of theirs or a shared one, and none once that is gone', async () => {
    const { body: shared } = await keep('Start', PLAIN, { sub: 'hal', shared: true });
    const { body: own } = await keep('Own', PLAIN, { sub: 'ida' });
    for (const id of [own.id, shared.id]) expect((await call('PUT', '/default', { view: id }, { sub: 'ida' })).status).toBe(204);
    expect((await list({ sub: 'ida' })).default).toBe(shared.id);
    expect((await list({ sub: 'hal' })).default).toBeNull();
    expect((await call('PUT', '/default', { view: own.id }, { sub: 'hal' })).status).toBe(404);
    await call('PATCH', `/${shared.id}`, { shared: false }, { sub: 'hal' });
    expect((await list({ sub: 'ida' })).default).toBeNull();
    await call('PUT', '/default', { view: own.id }, { sub: 'ida' });
    await call('PUT', '/default', { view: null }, { sub: 'ida' });
    expect((await list({ sub: 'ida' })).default).toBeNull();
  });
});

describe('what a view may be called and hold', () => {
  it('is any text of one line, kept as it is', async () => {
    const hostile = [`'); drop table app.deal; --`, '<img src=x onerror=alert(1)>', '../../etc', 'עברית ‮x', '👩‍👩‍👧 ünï', '__proto__', '%00'];
    for (const name of hostile) expect((await keep(name, filtered(name, name), { sub: 'jon' })).body).toMatchObject({ name, view: filtered(name, name) });
    expect((await list({ sub: 'jon' })).views.flatMap(({ mine, name }) => (mine ? [name] : [])).toSorted()).toEqual(hostile.toSorted());
  });

  it.each([
    ['no name', { name: ' ', view: PLAIN }],
    ['a long name', { name: 'x'.repeat(81), view: PLAIN }],
    ['a line break in a name', { name: 'a\nb', view: PLAIN }],
    ['a NUL in a value', { name: 'x', view: filtered('a', '\0') }],
    ['half a character', { name: 'x\ud800', view: PLAIN }],
    ['something that is no part of a view', { name: 'x', view: { ...PLAIN, role: 'administrator' } }],
    ['an owner', { name: 'x', view: PLAIN, owner: 'somebody' }],
    ['widths that are none', { name: 'x', view: { ...PLAIN, widths: { a: 'b' } } }],
    ['no view', { name: 'x' }],
  ])('is refused with %s', async (_what, body) => {
    expect((await call('POST', '', body, { sub: 'kim' })).status).toBe(400);
  });

  it('has its bounds', async () => {
    const many = Array.from({ length: 1_000 }, () => 'x'.repeat(100));
    const large = { ...PLAIN, filters: [{ column: 'client', operator: 'any', values: many }] };
    expect((await keep('large', large, { sub: 'lee' })).status).toBe(400);
    expect((await call('PATCH', '/none', { name: 'x' }, { sub: 'lee' })).status).toBe(400);
  });
});
