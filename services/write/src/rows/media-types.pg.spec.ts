import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openRows, type RowsStand } from '../testing/rows-stand.ts';

const SCHEMA = String.raw`
  create schema app; create schema other;
  create table app.items (id integer primary key, name text, "odd, name" text);
  insert into app.items values (1, 'plain', null), (2, 'a "quoted", one', ''), (3, E'two\nlines \\ back', 'x y');
  create domain app."text/tab-separated-values" as text;
  create domain app."application/x-small" as bytea;
  create function app.tsv_row(state text, item app.items) returns text immutable language sql as $$ select state || item.id || E'\t' || item.name || E'\n' $$;
  create function app.tsv_end(state text) returns app."text/tab-separated-values" immutable language sql as $$ select state::app."text/tab-separated-values" $$;
  create aggregate app.tsv(app.items) (sfunc = app.tsv_row, stype = text, initcond = '', finalfunc = app.tsv_end);
  create function app.picture() returns app."application/x-small" immutable language sql as $$ select '\x00ff10'::app."application/x-small" $$;
  create domain app.color as integer;
  create function app.color_json(app.color) returns json immutable language sql as $$ select to_json('#' || lpad(to_hex($1::integer), 6, '0')) $$;
  create function app.color_from_json(json) returns app.color immutable language sql as $$ select ('x' || lpad(substr($1 #>> '{}', 2), 8, '0'))::bit(32)::integer::app.color $$;
  create function app.color_from_text(text) returns app.color immutable language sql as $$ select ('x' || lpad(substr($1, 2), 8, '0'))::bit(32)::integer::app.color $$;
  create cast (app.color as json) with function app.color_json(app.color) as implicit;
  create cast (json as app.color) with function app.color_from_json(json) as implicit;
  create cast (text as app.color) with function app.color_from_text(text) as implicit;
  create table app.paints (id integer primary key, tint app.color);
  insert into app.paints values (1, 255), (2, 256);
  grant usage on schema app to analyst; grant all on all tables in schema app to analyst;
`;

let stand: RowsStand;
beforeAll(async () => {
  stand = await openRows(SCHEMA);
});
afterAll(() => stand.stop());

describe('answers of other media types', () => {
  it('are CSV, with a header and the quotes that are needed', async () => {
    const { text, headers, status } = await stand.get('items?order=id', { accept: 'text/csv' });
    expect([status, headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    expect(text).toBe('id,name,"odd, name"\n1,plain,\n2,"a ""quoted"", one",""\n3,"two\nlines \\ back","x y"');
    expect((await stand.get('items?select=n:name,id&id=eq.1', { accept: 'text/csv' })).text).toBe('n,id\nplain,1');
    expect((await stand.get('items?id=eq.99', { accept: 'text/csv' })).text).toBe('id,name,"odd, name"\n');
    const made = await stand.send('POST', 'items?select=id,name', {
      body: [{ id: 4, name: 'a,b' }],
      headers: { accept: 'text/csv', prefer: 'return=representation' },
    });
    expect([made.status, made.text]).toEqual([201, 'id,name\n4,"a,b"']);
  });

  it('are what the database itself writes, of whole rows or of a function', async () => {
    const tsv = await stand.get('items?id=lt.3&order=id', { accept: 'text/tab-separated-values' });
    expect([tsv.text, tsv.headers.get('content-type')]).toEqual(['1\tplain\n2\ta "quoted", one\n', 'text/tab-separated-values']);
    expect((await stand.get('items?select=id', { accept: 'text/tab-separated-values' })).status).toBe(406);
    const reply = await fetch(`${stand.service.url}/rest/v1/rpc/picture`, {
      headers: { authorization: `Bearer ${await stand.service.token('analyst')}`, accept: 'application/x-small' },
    });
    expect([reply.headers.get('content-type'), [...new Uint8Array(await reply.arrayBuffer())]]).toEqual(['application/x-small', [0, 255, 16]]);
  });

  it('leave nulls out, take the one wanted most, and are refused by their names', async () => {
    const stripped = await stand.get('items?id=eq.1', { accept: 'application/vnd.pgrst.array+json;nulls=stripped' });
    expect([stripped.body, stripped.headers.get('content-type')]).toEqual([
      [{ id: 1, name: 'plain' }],
      'application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8',
    ]);
    const one = await stand.get('items?id=eq.1', { accept: 'application/vnd.pgrst.object+json;nulls=stripped' });
    expect(one.body).toEqual({ id: 1, name: 'plain' });
    expect((await stand.get('items?select=id&id=eq.1', { accept: 'text/csv;q=0.5, application/json' })).body).toEqual([{ id: 1 }]);
    expect(await stand.get('items', { accept: 'image/png, text/html;q=0.3' })).toMatchObject({
      status: 406,
      body: { code: 'PGRST107', message: 'None of these media types are available: image/png, text/html' },
    });
    expect((await stand.get('items', { accept: 'application/vnd.pgrst.plan+json' })).status).toBe(406);
  });

  it('are plans where those may be asked for', async () => {
    const planning = await openRows(SCHEMA, { REST_PLAN: true });
    try {
      const json = await planning.get('items?id=eq.1', { accept: 'application/vnd.pgrst.plan+json; for="application/json"; options=verbose' });
      expect(json.headers.get('content-type')).toBe('application/vnd.pgrst.plan+json; for="application/json"; options=verbose; charset=utf-8');
      expect(JSON.parse(json.text)).toMatchObject([{ Plan: { 'Node Type': 'Aggregate' } }]);
      const text = await planning.send('DELETE', 'items?id=eq.1', { headers: { accept: 'application/vnd.pgrst.plan' } });
      expect(text.text).toContain('Delete on');
      expect((await planning.get('items?id=eq.1')).body).toHaveLength(1);
      expect((await planning.get('rpc/picture', { accept: 'application/vnd.pgrst.plan' })).text).toContain('cost=');
    } finally {
      await planning.stop();
    }
  });
});

describe('domains with a representation', () => {
  it('are shown, filtered and written in it', async () => {
    expect((await stand.get('paints?order=id')).body).toEqual([
      { id: 1, tint: '#0000ff' },
      { id: 2, tint: '#000100' },
    ]);
    expect((await stand.get('paints?select=id,c:tint&tint=eq.%230000ff')).body).toEqual([{ id: 1, c: '#0000ff' }]);
    expect((await stand.get('paints?select=id&tint=in.(%23000100,%23ffffff)')).body).toEqual([{ id: 2 }]);
    const made = await stand.send('POST', 'paints', { body: { id: 3, tint: '#00ff00' }, headers: { prefer: 'return=representation' } });
    expect(made.body).toEqual([{ id: 3, tint: '#00ff00' }]);
    const changed = await stand.send('PATCH', 'paints?id=eq.3&select=tint', { body: { tint: '#000001' }, headers: { prefer: 'return=representation' } });
    expect(changed.body).toEqual([{ tint: '#000001' }]);
  });
});
