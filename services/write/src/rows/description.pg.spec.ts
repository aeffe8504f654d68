import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openRows, type RowsStand } from '../testing/rows-stand.ts';

const SCHEMA = `
  create schema app; create schema other;
  comment on schema app is E'Shop\\n\\nAll of the shop';
  create type app.state as enum ('open', 'closed');
  create table app.shops (id integer primary key);
  create table app.items (id integer primary key generated always as identity, name varchar(20) not null default 'none', state app.state, tags text[], data jsonb, shop_id integer references app.shops);
  comment on table app.items is E'Items\\nThings on shelves';
  comment on column app.items.name is 'What it says';
  create table app.secrets (id integer primary key);
  create view app.names as select distinct name from app.items;
  create function app.search(term text, most integer default 10) returns setof app.items stable language sql as $$ select * from app.items $$;
  comment on function app.search is 'Finds items';
  create function app.tidy() returns void language sql as $$ select $$;
  create function app.closed() returns void language sql as $$ select $$;
  revoke execute on function app.closed() from public;
  grant usage on schema app, other to analyst; grant select, insert on app.items to analyst; grant select on app.names, app.shops to analyst;
`;

interface Document {
  swagger: string;
  info: { title: string; description: string };
  paths: Record<string, Record<string, { parameters?: { name?: string; $ref?: string }[]; summary?: string; description?: string }>>;
  definitions: Record<string, { required?: string[]; description?: string; properties: Record<string, Record<string, unknown>> }>;
}

let stand: RowsStand;
beforeAll(async () => {
  stand = await openRows(SCHEMA);
});
afterAll(() => stand.stop());

describe('the root', () => {
  it('describes what the role may see, with the database’s comments', async () => {
    const { status, headers, body } = await stand.get('');
    expect([status, headers.get('content-type'), headers.get('content-profile')]).toEqual([200, 'application/openapi+json; charset=utf-8', 'app']);
    const { swagger, info, paths, definitions } = body as Document;
    expect([swagger, info]).toEqual(['2.0', expect.objectContaining({ title: 'Shop', description: 'All of the shop' })]);
    expect(Object.keys(paths).toSorted()).toEqual(['/', '/items', '/names', '/rpc/search', '/rpc/tidy', '/shops']);
    expect(paths['/items']?.['get']).toMatchObject({ summary: 'Items', description: 'Things on shelves' });
    expect(Object.keys(paths['/names'] ?? {})).toEqual(['get']);
    expect(Object.keys(paths['/rpc/tidy'] ?? {})).toEqual(['post']);
    expect(paths['/rpc/search']?.['get']?.parameters).toEqual([
      { name: 'term', required: true, in: 'query', type: 'string', format: 'text' },
      { name: 'most', required: false, in: 'query', type: 'integer', format: 'int32' },
    ]);
    expect(definitions['items']).toMatchObject({ description: 'Items\nThings on shelves', required: ['id', 'name'] });
    expect(definitions['items']?.properties).toEqual({
      id: { description: 'Note:\nThis is a Primary Key.<pk/>', type: 'integer', format: 'int32' },
      name: { description: 'What it says', default: 'none', type: 'string', format: 'character varying', maxLength: 20 },
      state: { type: 'string', format: 'app.state', enum: ['open', 'closed'] },
      tags: { type: 'array', format: 'text[]', items: { type: 'string' } },
      data: { format: 'jsonb' },
      shop_id: { type: 'integer', format: 'int32', description: "Note:\nThis is a Foreign Key to `shops.id`.<fk table='shops' column='id'/>" },
    });
    const approver = await stand.send('GET', '', { role: 'approver' });
    expect(Object.keys((approver.body as Document).definitions)).toEqual([]);
  });

  it('is refused as another type, and there for HEAD', async () => {
    expect(await stand.get('', { accept: 'text/csv' })).toMatchObject({ status: 406, body: { code: 'PGRST107' } });
    expect(await stand.get('', { 'accept-profile': 'secret' })).toMatchObject({
      status: 406,
      body: { code: 'PGRST106', message: 'Invalid schema: secret', hint: 'Only the following schemas are exposed: app, other' },
    });
    const head = await stand.send('HEAD', '');
    expect([head.status, head.text, head.headers.get('content-length')]).toEqual([200, '', null]);
    expect(await stand.send('POST', '', { body: {} })).toMatchObject({ status: 405, body: { code: 'PGRST117' } });
    expect(await stand.get('a/b/c')).toMatchObject({ status: 404, body: { code: 'PGRST125' } });
  });
});

describe('OPTIONS', () => {
  it('names what may be done with a table or view', async () => {
    const allow = async (table: string): Promise<string | null> => (await stand.send('OPTIONS', table)).headers.get('allow');
    expect(await allow('items')).toBe('OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE');
    expect(await allow('names')).toBe('OPTIONS,GET,HEAD');
    expect(await allow('')).toBe('OPTIONS,GET,HEAD');
    expect((await stand.send('OPTIONS', 'nowhere')).status).toBe(404);
  });

  it('lets pages of other origins call', async () => {
    const reply = await fetch(`${stand.service.url}/rest/v1/items`, {
      method: 'OPTIONS',
      headers: { origin: 'https://page.example', 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'prefer, x-bad name' },
    });
    expect([reply.status, reply.headers.get('access-control-allow-origin'), reply.headers.get('access-control-allow-credentials')]).toEqual([200, '*', null]);
    expect(reply.headers.get('access-control-allow-headers')).toBe('Authorization, prefer, Accept, Accept-Language, Content-Language');
    expect((await stand.get('items', { origin: 'https://page.example' })).headers.get('access-control-expose-headers')).toContain('Content-Range');
  });
});

describe('the address of an answer', () => {
  it('is the same whatever the order of the parameters', async () => {
    const { headers } = await stand.get('items?select=id&name=eq.a b&id=gt.1');
    expect(headers.get('content-location')).toBe('/rest/v1/items?id=gt.1&name=eq.a%20b&select=id');
  });
});
