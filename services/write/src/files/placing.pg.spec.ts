import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { FileValue } from '#contracts/http/files';
import type { Reply } from '../testing/api-stand.ts';
import { type FilesStand, openFiles } from '../testing/files-stand.ts';

let stand: FilesStand;
let psql: pg.Client;

beforeAll(async () => {
  stand = await openFiles(`create schema app authorization lakeloop_owner; create schema other authorization lakeloop_owner;
    grant usage, create on schema app to analyst; grant usage on schema app to sales`);
  psql = new pg.Client({ connectionString: stand.database.url });
  await psql.connect();
  const columns = [
    { name: 'owner', type: 'text' },
    { name: 'doc', type: 'file', label: 'Document' },
    { name: 'scan', type: 'file' },
  ];
  const made = await stand.call('POST', '/v1/tables?schema=app', { body: { name: 'contracts', columns } });
  if (made.status !== 201) throw new Error(made.text);
  // Each sees and writes the rows that bear the name.
  await psql.query(`grant select, insert, update, delete on app.contracts to sales; alter table app.contracts enable row level security;
    create policy own on app.contracts to sales, analyst using (owner = lakeloop.claim('sub')) with check (owner = lakeloop.claim('sub'))`);
});
afterAll(async () => {
  await psql?.end();
  await stand?.stop();
});

const ANN = { role: 'analyst', claims: { sub: 'ann' } };
const BOB = { role: 'sales', claims: { sub: 'bob' } };
type Who = typeof ANN;
type Row = { id: number; doc: FileValue | null; scan: FileValue | null };

async function uploaded(who: Who, text = 'some bytes'): Promise<FileValue> {
  const { status, body, text: said } = await stand.upload(text, { ...who, headers: { 'content-disposition': 'attachment; filename="a.txt"' } });
  if (status !== 201) throw new Error(said);
  return body;
}

const write = (who: Who, method: string, query: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply<Row[]>> =>
  stand.call<Row[]>(method, `/rest/v1/contracts${query}`, { ...who, body, headers: { prefer: 'return=representation', ...headers } });

async function inserted(who: Who, row: Record<string, unknown>): Promise<Row> {
  const { status, body, text } = await write(who, 'POST', '', { owner: who.claims.sub, ...row });
  if (status !== 201) throw new Error(text);
  return body[0] as Row;
}

describe('a column of files', () => {
  it('is made, described and dropped like any other, and comes back with its files', async () => {
    const made = await stand.call<{ table: { columns: Record<string, unknown>[] } }>('POST', '/v1/tables/contracts/columns?schema=app', {
      body: { name: 'photo', type: 'file', required: false },
    });
    expect(made.body.table.columns.find(({ name }) => name === 'photo')).toMatchObject({ type: 'file', sqlType: 'lakeloop.file', system: false });
    const file = await uploaded(ANN);
    const { id } = await inserted(ANN, { photo: file });
    expect((await stand.download('contracts', 'photo', { id }, ANN)).text).toBe('some bytes');
    const dropped = await stand.call<{ edit: string }>('DELETE', '/v1/tables/contracts/columns/photo?schema=app');
    expect((await stand.download('contracts', 'photo', { id }, ANN)).status).toBe(404);
    const back = await stand.call('POST', `/v1/tables/contracts/edits/${dropped.body.edit}/revert?schema=app`);
    expect(back.status).toBe(200);
    expect((await stand.download('contracts', 'photo', { id }, ANN)).text).toBe('some bytes');
    expect((await stand.call('DELETE', '/v1/tables/contracts/columns/photo?schema=app')).status).toBe(200);
  });

  it('refuses, with the reason, what a column of files can not be', async () => {
    const change = (column: string, body: unknown): Promise<Reply<Record<string, unknown>>> =>
      stand.call('PATCH', `/v1/tables/contracts/columns/${column}?schema=app`, { body });
    for (const type of ['text', 'json'])
      expect(await change('doc', { type })).toMatchObject({ status: 422, body: { detail: expect.stringContaining('add a column') } });
    expect(await change('owner', { type: 'file' })).toMatchObject({ status: 422, body: { detail: expect.stringContaining('add a column') } });
    for (const rule of [{ unique: true }, { default: '{}' }, { pattern: 'x' }, { min: 1 }, { options: ['a'] }])
      expect((await change('doc', rule)).status).toBe(422);
    const create = { name: 'by_file', columns: [{ name: 'f', type: 'file' }], key: ['f'] };
    expect((await stand.call('POST', '/v1/tables?schema=app', { body: create })).status).toBe(422);
    await psql.query(`create table app.plain (id integer primary key); grant select on app.plain to analyst`);
    expect((await stand.call('POST', '/v1/tables/plain/columns?schema=app', { body: { name: 'f', type: 'file' } })).status).toBe(422);
  });

  it('is a value like another: written, read, filtered, replaced, cleared, with history, asOf, undo, batch and import', async () => {
    const [first, second] = [await uploaded(ANN, 'first'), await uploaded(ANN, 'second')];
    const key = { 'idempotency-key': 'files-1' };
    const body = { owner: 'ann', doc: first };
    const made = await write(ANN, 'POST', '', body, key);
    const again = await write(ANN, 'POST', '', body, key);
    expect([made.status, again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 201, 'true']);
    const [{ id, doc }] = made.body as [Row];
    expect([doc, again.body[0]?.id]).toEqual([first, id]);
    const found = await stand.call<Row[]>('GET', `/rest/v1/contracts?select=id,name:doc->>name&doc->>sha256=eq.${first.sha256}`, ANN);
    expect(found.body).toEqual([{ id, name: 'a.txt' }]);
    const before = await stand.call('GET', `/rest/v1/contracts?id=eq.${id}`, ANN);
    const etag = before.headers.get('etag') ?? '';
    expect((await write(ANN, 'PATCH', `?id=eq.${id}`, { doc: second }, { 'if-match': etag })).body[0]?.doc).toEqual(second);
    expect((await write(ANN, 'PATCH', `?id=eq.${id}`, { doc: second }, { 'if-match': etag })).status).toBe(412);
    expect((await write(ANN, 'PATCH', `?id=eq.${id}`, { doc: null })).body[0]?.doc).toBeNull();
    type Change = { id: string; before: Row | null; after: Row | null };
    const history = async (): Promise<Change[]> =>
      (await stand.call<{ changes: Change[] }>('GET', `/v1/history/contracts?schema=app&key=${id}`, ANN)).body.changes;
    const changes = await history();
    expect(changes.map(({ after }) => after?.doc)).toEqual([null, second, first]);
    const undone = await stand.call('POST', '/v1/undo', { ...ANN, body: { change: changes[0]?.id } });
    expect([undone.status, (await stand.download('contracts', 'doc', { id }, ANN)).text]).toEqual([200, 'second']);
    const deleted = await stand.call('DELETE', `/rest/v1/contracts?id=eq.${id}`, ANN);
    expect(deleted.status).toBe(204);
    expect((await stand.call('POST', '/v1/undo', { ...ANN, body: { change: (await history())[0]?.id } })).status).toBe(200);
    expect((await stand.download('contracts', 'doc', { id }, ANN)).text).toBe('second');
    const batch = { requests: [{ method: 'PATCH', path: `contracts?id=eq.${id}`, schema: 'app', body: { scan: first } }] };
    expect((await stand.call('POST', '/v1/batch', { ...ANN, body: batch })).status).toBe(200);
    const csv = `owner,doc\nann,"${JSON.stringify(second).replaceAll('"', '""')}"\n`;
    for (const [format, lines] of [
      ['ndjson', `${JSON.stringify({ owner: 'ann', doc: second })}\n`],
      ['csv', csv],
    ]) {
      const begun = await stand.call<{ id: string }>('POST', '/v1/imports', { ...ANN, body: { table: 'contracts', schema: 'app', format } });
      const headers = { 'content-type': 'application/octet-stream' };
      const fed = await stand.call('PUT', `/v1/imports/${begun.body.id}/content`, { ...ANN, body: lines, headers });
      expect(fed.body).toMatchObject({ state: 'complete', inserted: 1 });
    }
    const csvOut = await stand.call('GET', `/rest/v1/contracts?id=eq.${id}&select=doc`, { ...ANN, headers: { accept: 'text/csv' } });
    expect(JSON.parse(csvOut.text.split('\n')[1]?.replace(/^"|"$/g, '').replaceAll('""', '"') ?? '')).toEqual(second);
    const exported = (accept: string): Promise<Reply> => stand.call('GET', `/rest/v1/contracts?id=eq.${id}&select=doc`, { ...ANN, headers: { accept } });
    expect(JSON.parse((await exported('application/x-ndjson')).text)).toEqual({ doc: second });
    const parquet = await exported('application/vnd.apache.parquet');
    expect([parquet.status, parquet.text.slice(0, 4)]).toEqual([200, 'PAR1']);
  });

  it('is seen as it was', async () => {
    const [first, second] = [await uploaded(ANN, 'first'), await uploaded(ANN, 'second')];
    const { id } = await inserted(ANN, { doc: first });
    const checkpoint = async (): Promise<string> =>
      (await psql.query<{ id: string }>('select coalesce(lakeloop.take_checkpoint(), (select max(id) from audit.checkpoint)) as id')).rows[0]?.id ?? '';
    const then = await checkpoint();
    await write(ANN, 'PATCH', `?id=eq.${id}`, { doc: second });
    await checkpoint();
    const past = await stand.call<Row[]>('GET', `/rest/v1/contracts?id=eq.${id}&select=doc&asOf=${encodeURIComponent(then)}`, ANN);
    expect(past.body).toEqual([{ doc: first }]);
  });
});

describe('metadata in a row', () => {
  it('must be those of an upload, to the letter', async () => {
    const file = await uploaded(ANN);
    const forged: unknown[] = [
      { ...file, name: 'b.txt' },
      { ...file, size: 1 },
      { ...file, type: 'text/html' },
      { ...file, sha256: '0'.repeat(64) },
      { ...file, id: '00000000-0000-4000-8000-000000000000' },
      { ...file, id: '------------------------------------' },
      { ...file, id: file.id.toUpperCase() },
      { ...file, id: { a: 1 } },
      { ...file, more: 1 },
      { id: file.id },
      'text',
      [file],
      {},
    ];
    for (const doc of forged) {
      const { status, text } = await write(ANN, 'POST', '', { owner: 'ann', doc });
      expect([status, doc, text.includes('23514')]).toEqual([400, doc, true]);
    }
    expect((await write(ANN, 'POST', '', { owner: 'ann', doc: file })).status).toBe(201);
  });

  it("never point at another's bytes: not in one's own row, not in another column, table or key, not by psql", async () => {
    const file = await uploaded(ANN, 'for Ann alone');
    const { id } = await inserted(ANN, { doc: file });
    expect((await stand.download('contracts', 'doc', { id }, BOB)).status).toBe(404);
    const own = await inserted(BOB, { doc: null });
    for (const [method, query, body] of [
      ['POST', '', { owner: 'bob', doc: file }],
      ['POST', '', { owner: 'bob', scan: file }],
      ['PATCH', `?id=eq.${own.id}`, { doc: file }],
      [
        'POST',
        '',
        [
          { owner: 'bob', doc: null },
          { owner: 'bob', doc: file },
        ],
      ],
    ] as const) {
      const { status, text } = await write(BOB, method, query, body);
      expect([status, text.includes('is no file that may be put there')]).toEqual([400, true]);
    }
    const login = await loginAs('sales');
    await expect(login.query(`insert into app.contracts (owner, doc) values ('bob', $1)`, [JSON.stringify(file)])).rejects.toMatchObject({ code: '23514' });
    await login.end();
    expect((await stand.call<Row[]>('GET', '/rest/v1/contracts?select=id,doc,scan', BOB)).body).toEqual([{ id: own.id, doc: null, scan: null }]);
  });

  it('may be put by somebody else where they stood before, and nowhere else', async () => {
    const file = await uploaded(ANN);
    const { id } = await inserted(ANN, { doc: file });
    // The row is handed over, the file taken out, and put back by the new owner.
    await psql.query('begin');
    await psql.query(`update app.contracts set owner = 'bob' where id = $1`, [id]);
    await psql.query('commit');
    expect((await write(BOB, 'PATCH', `?id=eq.${id}`, { doc: null })).status).toBe(200);
    expect((await write(BOB, 'PATCH', `?id=eq.${id}`, { scan: file })).status).toBe(400);
    expect((await write(BOB, 'PATCH', `?id=eq.${id}`, { doc: file })).body[0]?.doc).toEqual(file);
    expect((await stand.download('contracts', 'doc', { id }, BOB)).text).toBe('some bytes');
    expect((await stand.download('contracts', 'doc', { id }, ANN)).status).toBe(404);
  });

  it("stay with a row whose key changes, whoever changes it, and are not lent to another row's key", async () => {
    const made = await stand.call('POST', '/v1/tables?schema=app', {
      body: {
        name: 'keyed',
        columns: [
          { name: 'code', type: 'text' },
          { name: 'doc', type: 'file' },
        ],
        key: ['code'],
      },
    });
    expect(made.status).toBe(201);
    await psql.query('grant select, insert, update on app.keyed to sales');
    const file = await uploaded(ANN);
    const call = (who: Who, method: string, path: string, body: unknown): Promise<Reply> => stand.call(method, `/rest/v1/${path}`, { ...who, body });
    expect((await call(ANN, 'POST', 'keyed', { code: 'a', doc: file })).status).toBe(201);
    expect((await call(BOB, 'PATCH', 'keyed?code=eq.a', { code: 'b' })).status).toBe(204);
    expect((await stand.download('keyed', 'doc', 'b', BOB)).text).toBe('some bytes');
    expect((await call(BOB, 'POST', 'keyed', { code: 'c', doc: file })).status).toBe(400);
  });

  it('are checked in partitions too, whichever way a row comes in', async () => {
    await psql.query(`set role lakeloop_owner;
      create table app.parts (id integer, doc lakeloop.file, primary key (id)) partition by range (id);
      create table app.parts_1 partition of app.parts for values from (0) to (100);
      reset role; select lakeloop.adopt('app.parts'); grant select, insert, update on app.parts, app.parts_1 to analyst, sales; notify pgrst, 'reload schema'`);
    const file = await uploaded(ANN);
    const login = await loginAs('sales');
    for (const table of ['parts', 'parts_1'])
      await expect(login.query(`insert into app.${table} values (1, $1)`, [JSON.stringify(file)])).rejects.toMatchObject({ code: '23514' });
    await login.end();
    expect((await stand.call('POST', '/rest/v1/parts', { ...ANN, body: { id: 2, doc: file } })).status).toBe(201);
    expect((await stand.download('parts', 'doc', { id: 2 }, BOB)).text).toBe('some bytes');
  });

  it('come under the check when psql adds the column, and are of no use in a table that lacks it', async () => {
    await psql.query(`set role lakeloop_owner; create table app.grown (id integer primary key); reset role; select lakeloop.adopt('app.grown');
      alter table app.grown add column doc lakeloop.file; grant select, insert on app.grown to sales`);
    const file = await uploaded(ANN);
    const login = await loginAs('sales');
    await expect(login.query(`insert into app.grown values (1, $1)`, [JSON.stringify(file)])).rejects.toMatchObject({ code: '23514' });
    await login.end();
    // As if the table's owner had taken the guard away.
    await psql.query('alter table app.grown disable trigger lakeloop_files');
    await psql.query('insert into app.grown values (1, $1)', [JSON.stringify(file)]);
    expect(await stand.download('grown', 'doc', { id: 1 }, BOB)).toMatchObject({ status: 409, body: { type: 'urn:lakeloop:problem:unregistered-file' } });
    await psql.query(
      `alter table app.grown add note text; alter table app.grown disable trigger lakeloop_files; insert into app.grown values (2, '${JSON.stringify({ ...file, size: 1 })}')`,
    );
    await psql.query(`alter table app.grown enable trigger lakeloop_files; update app.grown set note = 'still written'`);
    expect((await stand.download('grown', 'doc', { id: 2 }, BOB)).status).toBe(409);
    // As after a restore: an administrator answers for what is there.
    await psql.query('update app.grown set doc = doc');
    expect((await stand.download('grown', 'doc', { id: 1 }, BOB)).text).toBe('some bytes');
  });

  it('go with the domain alone into no table of a stranger', async () => {
    const file = await uploaded(ANN);
    const { id } = await inserted(ANN, { doc: file });
    await psql.query(
      `create table app.theirs (id integer primary key, doc lakeloop.file); grant select on app.theirs to sales; insert into app.theirs values (1, '${JSON.stringify(file)}')`,
    );
    expect((await stand.download('theirs', 'doc', { id: 1 }, BOB)).status).toBe(404);
    expect((await stand.download('contracts', 'doc', { id }, ANN)).status).toBe(200);
  });
});

/** psql of a person with the role's rights. */
async function loginAs(role: string): Promise<pg.Client> {
  const name = `person_${Math.random().toString(36).slice(2)}`;
  await psql.query(
    `create role ${name} login password 'test' in role ${role}; insert into lakeloop.principals (login, claims) values ('${name}', '{"sub": "bob"}')`,
  );
  const client = new pg.Client({ connectionString: stand.database.urlAs(name, 'test') });
  await client.connect();
  return client;
}
