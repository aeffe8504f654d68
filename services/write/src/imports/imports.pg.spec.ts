import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import pg from 'pg';
import type { ImportReport } from '#contracts/http/imports';
import { type ApiStand, openApi, type Reply } from '../testing/api-stand.ts';
import { signToken, startWriteApp, untilReady } from '../testing/write-app.ts';

let stand: ApiStand;
let psql: pg.Client;

beforeAll(async () => {
  stand = await openApi(`
    create schema app authorization lakeloop_owner; create schema other; set role lakeloop_owner;
    create domain app.positive as integer check (value > 0);
    create table app.item (id integer primary key, name text not null, amount numeric(12, 2), tags text[], data jsonb, region text default 'north', size app.positive);
    alter table app.item enable row level security;
    create policy read on app.item for select to analyst using (true);
    create policy gone on app.item for delete to analyst using (true);
    create policy north on app.item for insert to analyst with check (region is distinct from 'south');
    grant usage on schema app to analyst, sales; grant select, insert, update, delete on app.item to analyst;
    select lakeloop.adopt('app.item'); reset role`);
  psql = new pg.Client({ connectionString: stand.database.url });
  await psql.connect();
});
afterAll(async () => {
  await psql?.end();
  await stand?.stop();
});

type Answer<T> = Reply<T>;
type Report = ImportReport & Record<string, unknown>;

const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}, role = 'analyst'): Promise<Answer<Report>> =>
  stand.call<Report>(method, path, { role, headers, ...(body === undefined ? {} : { body }) });

async function begin(format: 'csv' | 'ndjson', mode?: string): Promise<string> {
  const { status, body } = await call('POST', '/v1/imports', { table: 'item', format, ...(mode ? { mode } : {}) });
  expect([status, body.state, body.offset]).toEqual([201, 'open', 0]);
  return body.id;
}

const feed = (id: string, file: string | Readable, offset = 0): Promise<Answer<Report>> =>
  call('PUT', `/v1/imports/${id}/content`, file, { 'content-type': 'application/octet-stream', 'upload-offset': String(offset) });
const rows = async (where: string): Promise<unknown[]> =>
  (await psql.query<Record<string, unknown>>(`select id, name, amount::text, tags, data, region, size from app.item where ${where} order by id`)).rows;

describe('what an import is begun with', () => {
  it('takes null for what may be left out', async () => {
    const { status, body } = await call('POST', '/v1/imports', { table: 'item', schema: null, format: 'csv', mode: null, columns: null });
    expect([status, body.mode]).toEqual([201, 'all-or-nothing']);
  });

  it('is answered with a problem where it is no JSON, as everything below /v1', async () => {
    const answer = await stand.call('POST', '/v1/imports', { body: '\0' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'application/problem+json; charset=utf-8']);
  });
});

describe('a CSV file', () => {
  it('is imported as it is: quotes, line breaks in fields, nulls, arrays, JSON; audited, and undone by its trace', async () => {
    const id = await begin('csv');
    const file = '\ufeffid,name,amount,tags,data\r\n1,"a ""b"", c\r\nd",12.50,"{x,""y z""}","{""k"": [1]}"\r\n2,"",,,\r\n\r\n3,ü,0.01,{},null\n';
    expect(await feed(id, file)).toMatchObject({ status: 200, body: { state: 'complete', inserted: 3, refused: 0, offset: Buffer.byteLength(file) } });
    expect(await rows('id < 10')).toEqual([
      { id: 1, name: 'a "b", c\r\nd', amount: '12.50', tags: ['x', 'y z'], data: { k: [1] }, region: 'north', size: null },
      { id: 2, name: '', amount: null, tags: null, data: null, region: 'north', size: null },
      { id: 3, name: 'ü', amount: '0.01', tags: [], data: null, region: 'north', size: null },
    ]);
    const { rows: entries } = await psql.query(`select distinct actor, reason from audit.entry where table_name = 'item'`);
    expect(entries).toEqual([{ actor: 'user-of-analyst', reason: `import ${id}` }]);
    const { body } = await call('GET', `/v1/imports/${id}`);
    expect(await call('POST', '/v1/undo', { trace: body.traceId })).toMatchObject({ status: 200, body: { rows: 3 } });
    expect(await rows('id < 10')).toEqual([]);
  });

  it('leaves nothing when a line is refused, and says which, and why', async () => {
    const id = await begin('csv');
    const lines = ['id,name,size,region', ...Array.from({ length: 5_000 }, (_, i) => `${100 + i},n,${i === 77 ? -1 : 5},${i === 4_000 ? 'south' : 'north'}`)];
    lines[3_000] = '3099,too,few';
    lines[4_500] = 'x,n,1,north';
    expect(await feed(id, lines.join('\n'))).toMatchObject({ status: 422, body: { type: 'urn:lakeloop:problem:lines-refused' } });
    const { body } = await call('GET', `/v1/imports/${id}`);
    expect(body).toMatchObject({ state: 'failed', inserted: 0, refused: 4 });
    expect(body.refusals.map(({ line, code }) => [line, code])).toEqual([
      [79, '23514'],
      [3001, '22P04'],
      [4002, '42501'],
      [4501, '22P02'],
    ]);
    expect(await rows('id >= 100')).toEqual([]);
    expect((await feed(id, 'id\n1')).status).toBe(409);
  });

  it('skips what is refused when asked to, and goes on where it was cut off', async () => {
    const id = await begin('csv', 'skip-bad');
    const lines = ['id,name,amount', ...Array.from({ length: 9_000 }, (_, i) => `${10_000 + i},"line ${i}, ""q""",${i % 1_000 === 999 ? 'bad' : i}`)];
    const file = Buffer.from(`${lines.join('\n')}\n`);
    const cut = Math.floor(file.length * 0.7);
    await cutOff(id, file.subarray(0, cut));
    let standing = await call('GET', `/v1/imports/${id}`);
    while (standing.body.offset === 0 || standing.body.lines < 5_000) standing = await call('GET', `/v1/imports/${id}`);
    const { offset } = standing.body;
    expect(offset).toBeLessThan(cut);
    expect(await feed(id, file.toString(), 0)).toMatchObject({ status: 409 });
    const rest = await settled(id);
    expect(await feed(id, file.subarray(rest).toString(), rest)).toMatchObject({
      status: 200,
      body: { state: 'complete', inserted: 8_991, refused: 9, lines: 9_001, offset: file.length },
    });
    const { body } = await call('GET', `/v1/imports/${id}`);
    expect(body.refusals.map(({ line }) => line)).toEqual(Array.from({ length: 9 }, (_, i) => 1_001 + i * 1_000));
    expect((await psql.query('select count(*)::int as n, count(distinct id)::int as ids from app.item where id >= 10000')).rows).toEqual([
      { n: 8_991, ids: 8_991 },
    ]);
    await psql.query('delete from app.item where id >= 10000');
  });
});

describe('a client that stops sending', () => {
  it('is told so after a while, keeps nothing locked, and may go on', async () => {
    const hasty = await startWriteApp(stand.database.writeUrl, { IMPORT_STALL_MS: 200 });
    await untilReady(hasty.url);
    const headers = { authorization: `Bearer ${await signToken('analyst')}` };
    const [skipping, wholly] = [await begin('csv', 'skip-bad'), await begin('csv')];
    for (const id of [skipping, wholly]) {
      const body = new Readable({ read: () => undefined });
      body.push('id,name\n90,n\n');
      const reply = await fetch(`${hasty.url}/v1/imports/${id}/content`, { method: 'PUT', headers, body, duplex: 'half' } as unknown as RequestInit);
      expect([reply.status, await reply.json()]).toEqual([408, expect.objectContaining({ type: 'urn:lakeloop:problem:stalled' })]);
      expect((await call('GET', `/v1/imports/${id}`)).body).toMatchObject({ state: 'open', offset: 0 });
      body.destroy();
    }
    expect((await psql.query(`select from pg_locks where relation = 'app.item'::regclass and pid <> pg_backend_pid()`)).rowCount).toBe(0);
    expect(await feed(wholly, 'id,name\n90,n\n')).toMatchObject({ status: 200, body: { inserted: 1 } });
    await psql.query('delete from app.item where id = 90');
    await hasty.stop();
  });
});

/** Sends a part of a longer body, and cuts the connection. */
async function cutOff(id: string, part: Buffer): Promise<void> {
  const { hostname, port } = new URL(stand.service.url);
  const sending = request({
    hostname,
    port,
    path: `/v1/imports/${id}/content`,
    method: 'PUT',
    headers: { authorization: `Bearer ${await signToken('analyst')}`, 'content-length': 100_000_000 },
  });
  sending.on('error', () => undefined);
  sending.write(part);
  for (let lines = 0; lines < 5_000;) lines = (await call('GET', `/v1/imports/${id}`)).body.lines;
  const closed = new Promise<void>((resolve) => void sending.once('close', () => resolve()));
  sending.destroy();
  await closed;
}

/** The offset, once nobody feeds the import any more. */
async function settled(id: string): Promise<number> {
  for (;;) {
    const { body } = await call('GET', `/v1/imports/${id}`);
    const probe = await call('PUT', `/v1/imports/${id}/content`, '', { 'upload-offset': String(body.offset + 1) });
    if (probe.body['type'] === 'urn:lakeloop:problem:wrong-offset') return probe.body.offset;
  }
}

describe('a file with names of its own', () => {
  const mapped = async (format: 'csv' | 'ndjson', columns: Record<string, unknown>): Promise<Answer<Report>> =>
    call('POST', '/v1/imports', { table: 'item', format, mode: 'skip-bad', columns: Object.entries(columns).map(([name, column]) => ({ name, column })) });

  it('is taken by the columns that they mean; what is not named is left out', async () => {
    const { body } = await mapped('csv', { No: 'id', 'Wie, genannt': 'name', constructor: 'amount' });
    const file = 'junk,No,"Wie, genannt",constructor\nx,70,first,1.5\ny,71,second,\nz,72\n';
    expect(await feed(body.id, file)).toMatchObject({ status: 200, body: { inserted: 2, refused: 1, refusals: [{ line: 4 }] } });
    const json = (await mapped('ndjson', { No: 'id', title: 'name', sum: 'amount', more: 'data' })).body.id;
    const lines = '{"title": "t", "No": 73, "junk": 1, "sum": 1234567890.12, "more": {"n": 12345678901234567890}}\n{"No": 74, "title": "u"}\n{"No": 75}\n';
    expect(await feed(json, lines)).toMatchObject({ status: 200, body: { inserted: 2, refused: 1, refusals: [{ line: 3, code: '23502' }] } });
    expect((await rows('id between 70 and 79')).map((row) => Object.values(row as Record<string, unknown>).slice(0, 3))).toEqual([
      [70, 'first', '1.50'],
      [71, 'second', null],
      [73, 't', '1234567890.12'],
      [74, 'u', null],
    ]);
    expect((await psql.query('select data::text from app.item where id = 73')).rows).toEqual([{ data: '{"n": 12345678901234567890}' }]);
    await psql.query('delete from app.item where id between 70 and 79');
  });

  it('is refused where the table or the file has no such column', async () => {
    expect(await mapped('csv', { a: 'nope' })).toMatchObject({ status: 422, body: { type: 'urn:lakeloop:problem:unknown-column' } });
    expect((await mapped('csv', { a: 'id', b: 'id' })).status).toBe(422);
    for (const columns of [{}, { a: 1 }, { a: '' }]) expect((await mapped('csv', columns)).status).toBe(400);
    const { body } = await mapped('csv', { a: 'id' });
    expect(await feed(body.id, 'b,c\n1,2\n')).toMatchObject({ status: 422, body: { detail: 'the file has no column "a"' } });
  });
});

describe('a file of JSON objects', () => {
  it('is imported line by line, every digit kept', async () => {
    const id = await begin('ndjson', 'skip-bad');
    const file =
      '{"id": 50, "name": "n", "amount": 1234567890.12, "tags": ["a", "b c"], "data": {"n": 12345678901234567890}}\n\n{"id": 51, "name": null}\nnonsense\n{"id": 52, "name": "x", "nope": 1}\n{"id": 53, "name": "last"}';
    expect(await feed(id, file)).toMatchObject({ status: 200, body: { inserted: 2, refused: 3 } });
    expect((await psql.query(`select id, amount::text, tags, data::text from app.item where id between 50 and 59 order by id`)).rows).toEqual([
      { id: 50, amount: '1234567890.12', tags: ['a', 'b c'], data: '{"n": 12345678901234567890}' },
      { id: 53, amount: null, tags: null, data: null },
    ]);
    expect((await call('GET', `/v1/imports/${id}`)).body.refusals.map(({ line, code }) => [line, code])).toEqual([
      [3, '23502'],
      [4, '22P04'],
      [5, '22P04'],
    ]);
  });
});

describe('a table that was made a moment ago', () => {
  it('takes an import at once', async () => {
    await stand.database.client.query('create table app.young (id integer primary key); grant select, insert on app.young to analyst');
    const begun = await call('POST', '/v1/imports', { table: 'young', format: 'csv' });
    expect([begun.status, (await feed(begun.body.id, 'id\n1\n2')).body.inserted]).toEqual([201, 2]);
  });
});

describe('what is refused at once', () => {
  it('names what is wrong', async () => {
    const refused = async (format: 'csv' | 'ndjson', file: string): Promise<unknown> => {
      const { status, body } = await feed(await begin(format), file);
      return [status, body['type'], body['detail']];
    };
    expect(await refused('csv', 'id,nope\n1,2')).toEqual([422, 'urn:lakeloop:problem:unknown-column', 'app.item has no column "nope"']);
    expect(await refused('csv', 'id,id\n1,2')).toEqual([422, 'urn:lakeloop:problem:unknown-column', expect.stringContaining('twice')]);
    expect(await refused('csv', 'id,name\n1,a"b\n')).toEqual([422, 'urn:lakeloop:problem:invalid-csv', expect.stringContaining('line 2')]);
    expect(await refused('ndjson', '[1]')).toEqual([422, 'urn:lakeloop:problem:invalid-json', expect.stringContaining('line 1')]);
    expect((await call('POST', '/v1/imports', { table: 'nowhere', format: 'csv' })).status).toBe(404);
    expect((await call('POST', '/v1/imports', { table: 'item', format: 'xml' })).status).toBe(400);
    const id = await begin('csv');
    expect((await call('GET', `/v1/imports/${id}`, undefined, {}, 'sales')).status).toBe(404);
    expect((await call('PUT', `/v1/imports/${id}/content`, 'id,name\n1,a', { 'upload-offset': 'x' })).status).toBe(400);
    expect((await fetch(`${stand.service.url}/v1/imports/${id}/content`, { method: 'PUT', body: 'x' })).status).toBe(401);
    await psql.query('revoke insert on app.item from analyst');
    expect(await feed(id, 'id,name\n70,a')).toMatchObject({ status: 403, body: { code: '42501' } });
    await psql.query('grant insert on app.item to analyst');
    expect(await rows('id = 70')).toEqual([]);
  });
});
