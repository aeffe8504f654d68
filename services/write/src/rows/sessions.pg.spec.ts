import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase, uniqueName } from '#libs/testing/postgres';
import { governedDatabase, startWriteApp, untilReady, type WriteApp } from '../testing/write-app.ts';

const [login, role] = [uniqueName('login'), uniqueName('role')];

/** A trigger, a policy and a pre-request function of the kind that databases made for PostgREST have. */
const schema = (to: string): string => `
  create schema app; create schema other;
  create function app.shout(text) returns text immutable language sql as $$ select upper($1) $$;
  create table app.notes (id integer primary key, body text, path text);
  create table other.notes (id integer primary key, body text);
  create function app.on_note() returns trigger language plpgsql as $$ begin
    new.body := shout(new.body); new.path := current_setting('request.path', true);
    perform set_config('response.headers', '[{"X-Noted": "yes"}]', true); return new; end $$;
  create trigger on_note before insert on app.notes for each row execute function app.on_note();
  create function other.shout(text) returns text immutable language sql as $$ select $1 || '?' $$;
  create function other.on_note() returns trigger language plpgsql as $$ begin new.body := shout(new.body); return new; end $$;
  create trigger on_note before insert on other.notes for each row execute function other.on_note();
  create function app.check_request() returns void language plpgsql as $$ begin
    if current_setting('request.jwt.claims', true)::json ->> 'sub' = 'banned' then raise exception 'Banned' using hint = 'Ask'; end if; end $$;
  grant usage on schema app, other to ${to}; grant all on all tables in schema app, other to ${to};`;

let database: TestDatabase;
let governed: TestDatabase & { writeUrl: string };
let native: WriteApp;
let adopted: WriteApp;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.client.query(`create role ${login} login noinherit password 'test'; create role ${role}; grant ${role} to ${login}; ${schema(role)}`);
  governed = await governedDatabase();
  await governed.client.query(schema('analyst'));
  const config = { REST_PRE_REQUEST: { schema: 'app', name: 'check_request' } };
  native = await startWriteApp(database.urlAs(login, 'test'), config);
  adopted = await startWriteApp(governed.writeUrl, config);
  await untilReady(native.url);
  await untilReady(adopted.url);
});

afterAll(async () => {
  await native.stop();
  await adopted.stop();
  await database.drop();
  await governed.drop();
});

describe.each(['a database of its own', 'a governed one'])('%s', (which) => {
  const send = async (path: string, body: object, { profile = 'app', sub = 'someone' } = {}): Promise<{ status: number; body: unknown; headers: Headers }> => {
    const [service, as] = which === 'a governed one' ? [adopted, 'analyst'] : [native, role];
    const reply = await fetch(`${service.url}/rest/v1/${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await service.token(as, { sub })}`,
        'content-type': 'application/json',
        'content-profile': profile,
        prefer: 'return=representation',
      },
      body: JSON.stringify(body),
    });
    return { status: reply.status, body: await reply.json(), headers: reply.headers };
  };

  it('finds functions by their bare names, in the schema of the request', async () => {
    expect((await send('notes?select=body', { id: 1, body: 'hi' })).body).toEqual([{ body: 'HI' }]);
    expect((await send('notes?select=body', { id: 1, body: 'hi' }, { profile: 'other' })).body).toEqual([{ body: 'hi?' }]);
    expect((await send('notes?select=body', { id: 2, body: 'again' })).body).toEqual([{ body: 'AGAIN' }]);
    expect((await send('rpc/shout', {})).status).toBe(404);
  });

  it('asks its function before the statement, and takes what triggers say of the answer', async () => {
    expect(await send('notes', { id: 3, body: 'x' }, { sub: 'banned' })).toMatchObject({
      status: 400,
      body: { code: 'P0001', message: 'Banned', hint: 'Ask' },
    });
    const { headers, body } = await send('notes?select=path', { id: 4, body: 'x' });
    expect(headers.get('x-noted')).toBe('yes');
    // Requests to governed tables set `request.*` only where the service is told to.
    expect(body).toEqual([{ path: which === 'a governed one' ? null : '/notes' }]);
  });
});
