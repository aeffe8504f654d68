import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { HistoryPage, RowChange, UndoReport } from '#contracts/http/history';
import type { EditReport, TableDescription } from '#contracts/http/tables';
import { type ApiStand, type Ask, openApi, type Reply } from '../testing/api-stand.ts';

let stand: ApiStand;
let psql: pg.Client;

beforeAll(async () => {
  const tables = ['short', 'long', 'spoken', 'torn', 'versioned'];
  stand = await openApi(
    `create schema app authorization lakeloop_owner; grant usage on schema app to analyst, sales; grant create on schema app to analyst; set role lakeloop_owner;
     ${tables.map((name) => `create table app.${name} (id integer primary key, n integer, note text); select lakeloop.adopt('app.${name}');`).join('\n')}
     create table app.plain (id integer primary key);
     grant select, insert, update, delete on all tables in schema app to analyst; grant select on all tables in schema app to sales; reset role`,
    { editsTables: true },
  );
  psql = new pg.Client({ connectionString: stand.database.url });
  await psql.connect();
});
afterAll(async () => {
  await psql?.end();
  await stand?.stop();
});

const call = <T>(method: string, path: string, ask: Ask = {}): Promise<Reply<T>> => stand.call<T>(method, path, ask);
const keep = (table: string, period: string | null, query = '', role = 'analyst'): Promise<Reply<EditReport>> =>
  call('PATCH', `/v1/tables/${table}${query}`, { role, body: { history: { keep: period } } });
const page = async (table: string, query = ''): Promise<HistoryPage> => (await call<HistoryPage>('GET', `/v1/history/${table}?limit=1000${query}`)).body;
const undo = (body: Record<string, unknown>): Promise<Reply<UndoReport>> => call('POST', '/v1/undo', { body });

async function one<T>(text: string, values: unknown[] = []): Promise<T> {
  return (await psql.query<{ value: T }>(text, values)).rows[0]?.value as T;
}

/** A checkpoint that sees everything. */
async function checkpoint(): Promise<string> {
  const whole = `select c.floor = audit.last_id() as value from audit.checkpoint c order by c.id desc limit 1`;
  while (!(await one<boolean>(whole))) await psql.query('select lakeloop.take_checkpoint()');
  return one<string>('select max(id)::text as value from audit.checkpoint');
}

/** Everything that has happened was three days earlier, and checkpoints up to this one were. */
async function age(upTo?: string): Promise<string> {
  const last = upTo ?? (await checkpoint());
  await psql.query(`begin; lock table audit.table_block in exclusive mode; update audit.table_block set first_at = first_at - interval '3 days', last_at = last_at - interval '3 days';
    update audit.checkpoint set at = at - interval '3 days' where id <= ${last}; update audit.logged set at = at - interval '3 days';
    update audit.request set created_at = created_at - interval '3 days'; update audit.schema_version set created_at = created_at - interval '3 days';
    update lakeloop.adopted set adopted_at = adopted_at - interval '3 days'; commit`);
  return last;
}

/** The service has deleted what is past its time up to a checkpoint. */
async function forgotten(table: string, checkpoint: string): Promise<void> {
  const done = `select r.done as value from audit.retention r join lakeloop.adopted a on a.id = r.adopted_id where a.root = $1::regclass and r.checkpoint >= $2`;
  while (!(await one<boolean>(done, [`app.${table}`, checkpoint])));
}

interface Leaf {
  id: string;
  leaf: Buffer;
}

const leavesOf = async (table: string): Promise<Leaf[]> =>
  (await psql.query<Leaf>('select id::text, leaf from audit.entry where table_name = $1 order by audit.entry.id', [table])).rows;

describe('how long history is kept', () => {
  it('is said by who may edit the table, on record, and taken back', async () => {
    expect((await call<TableDescription>('GET', '/v1/tables/spoken')).body.history).toEqual({ keep: null });
    expect((await call<TableDescription>('GET', '/v1/tables/plain')).body.history).toBeNull();
    expect(await keep('spoken', 'P400D', '?dryRun=true')).toMatchObject({ status: 200, body: { applied: false } });
    const { status, body } = await keep('spoken', 'P1Y2M3W4D');
    expect([status, body.table?.history, body.reversible]).toEqual([200, { keep: 'P1Y2M3W4D' }, true]);
    expect(await keep('spoken', null)).toMatchObject({ status: 200, body: { table: { history: { keep: null } } } });
    const edits = await call<{ edits: { id: string; actor: string; edit: unknown }[] }>('GET', '/v1/tables/spoken/edits');
    expect(edits.body.edits).toMatchObject([{ edit: { op: 'keep-history', keep: null } }, { edit: { keep: 'P1Y2M3W4D' }, actor: 'user-of-analyst' }]);
    expect(await call('POST', `/v1/tables/spoken/edits/${edits.body.edits[0]?.id}/revert`)).toMatchObject({
      status: 200,
      body: { table: { history: { keep: 'P1Y2M3W4D' } } },
    });
  });

  it('is nobody else’s to say, nor anything but a period of at least a day', async () => {
    expect((await keep('spoken', 'P1D', '', 'sales')).status).toBe(403);
    expect((await keep('plain', 'P1D')).status).toBe(409);
    for (const wrong of ['P0D', 'P', 'PT1H', '400', '', 'P1D; drop', '-P1D']) expect((await keep('spoken', wrong)).status).toBe(400);
    for (const history of [{}, 7, { keep: 7 }, { keep: 'P1D', more: 1 }])
      expect((await call('PATCH', '/v1/tables/spoken', { body: { history } })).status).toBe(400);
    const service = new pg.Client({ connectionString: stand.database.url.replace(/\/\/[^@]*@/, '//lakeloop_write:test@') });
    await service.connect();
    for (const sql of [
      `select lakeloop.keep_history('app.long', 'P1D')`,
      `insert into audit.retention (adopted_id, keep) values (1, 'P1D')`,
      'delete from audit.logged',
      'delete from audit.table_block',
      `select audit.forget_requests('{1}')`,
    ])
      await expect(service.query(sql)).rejects.toMatchObject({ code: '42501' });
    await service.end();
  });
});

describe('what is past its time', () => {
  it('is deleted, and nothing else, with a digest of what it was', async () => {
    for (const table of ['short', 'long'])
      await psql.query(`insert into app.${table} select i, 0, 'bulk' from generate_series(1, 7000) i; update app.${table} set n = 1 where id <= 3000; delete from app.${table} where id > 6990;
        truncate app.${table}; insert into app.${table} select i, 2, 'again' from generate_series(1, 50) i`);
    const then = await age();
    await psql.query('update app.short set n = 3 where id <= 20; update app.long set n = 3 where id <= 20');
    const [short, long] = [await leavesOf('short'), await leavesOf('long')];
    const reader = new pg.Client({ connectionString: stand.database.url });
    await reader.connect();
    await reader.query('begin isolation level repeatable read');
    const seen = `select count(*)::int as n from audit.entry where table_name = 'short'`;
    expect((await reader.query(seen)).rows).toEqual([{ n: short.length }]);
    await keep('short', 'P1D');
    await forgotten('short', then);
    expect((await reader.query(seen)).rows).toEqual([{ n: short.length }]);
    await reader.end();

    expect(await leavesOf('long')).toEqual(long);
    expect(await leavesOf('short')).toEqual(short.slice(-20));
    const gone = short.slice(0, -20);
    const { rows } = await psql.query<{ first_id: string; last_id: string; entries: string; digest: Buffer }>(
      `select first_id, last_id, entries, digest from audit.deleted d join lakeloop.adopted a on a.id = d.adopted_id where a.root = 'app.short'::regclass order by d.id`,
    );
    expect(rows.length).toBeGreaterThan(2);
    let from = 0;
    for (const each of rows) {
      const part = gone.slice(from, (from += Number(each.entries)));
      expect([part[0]?.id, part.at(-1)?.id]).toEqual([each.first_id, each.last_id]);
      expect(createHash('sha256').update(Buffer.concat(part.map(({ leaf }) => leaf))).digest()).toEqual(each.digest); // prettier-ignore
    }
    expect(from).toBe(gone.length);
  });

  it('is said to be gone where a history ends, and by whoever is asked for it', async () => {
    const end = await page('short');
    expect(end.changes.map(({ after }) => after?.['n'])).toEqual(Array.from({ length: 20 }, () => 3));
    expect([end.next, Date.parse(end.goneBefore ?? '') < Date.now() - 86_400_000]).toEqual([null, true]);
    expect((await page('short', '&key=1')).goneBefore).toBe(end.goneBefore);
    expect((await call<HistoryPage>('GET', '/v1/history/short?limit=5')).body).toMatchObject({ goneBefore: null });
    expect((await page('long', '&key=1')).goneBefore).toBeNull();

    const [kept] = (await page('short', '&key=1')).changes as [RowChange];
    const gone = await one<string>(`select min(last_id)::text as value from audit.deleted`);
    const problem = { status: 410, body: { type: 'urn:lakeloop:problem:no-longer-kept' } };
    expect(await call('GET', `/v1/history/short/compare?key=1&from=${gone}&to=${kept.id}`)).toMatchObject(problem);
    expect(await call('POST', '/v1/history/short/restore', { body: { key: '1', change: gone } })).toMatchObject(problem);
    expect(await undo({ change: gone })).toMatchObject(problem);
    expect(await call('GET', `/v1/history/short/compare?key=1&from=999999999999&to=${kept.id}`)).toMatchObject({ status: 404 });
    expect(await undo({ change: '999999999999' })).toMatchObject({ status: 404 });
    expect(await undo({ change: kept.id })).toMatchObject({ status: 200 });
  });

  it('ends the past as a table, and not before', async () => {
    await psql.query(`insert into app.torn values (1, 1, 'a'), (2, 1, 'a')`);
    const early = await age();
    await psql.query(`update app.torn set n = 2 where id = 1; insert into app.torn values (3, 1, 'b')`);
    const last = await age();
    await psql.query(`update app.torn set n = 3; delete from app.torn where id = 2`);
    const rows = (version: string): Promise<Reply> => call('GET', `/rest/v1/torn?select=id,n&order=id&asOf=${version}`);
    const then = [{ id: 1, n: 2 }, { id: 2, n: 1 }, { id: 3, n: 1 }]; // prettier-ignore
    expect((await rows(last)).body).toEqual(then);
    expect((await rows(early)).status).toBe(200);
    await keep('torn', 'P1D');
    await forgotten('torn', last);
    expect(await rows(early)).toMatchObject({ status: 410, body: { code: 'PGRST136' } });
    expect((await rows(last)).body).toEqual(then);
    expect((await call('GET', `/rest/v1/long?select=id&limit=1&asOf=${early}`)).status).toBe(200);
  });

  it('is not deleted while a moment that is kept needs it', async () => {
    const other = new pg.Client({ connectionString: stand.database.url });
    await other.connect();
    await other.query(`begin; update app.torn set n = 8 where id = 1`);
    await psql.query(`update app.torn set n = 7 where id = 3`);
    const during = await one<string>('select coalesce(lakeloop.take_checkpoint(), (select max(id) from audit.checkpoint))::text as value');
    await other.query('commit');
    await other.end();
    await checkpoint();
    await forgotten('torn', await age(during));
    expect((await call('GET', `/rest/v1/torn?select=id,n&order=id&asOf=${during}`)).body).toEqual([{ id: 1, n: 3 }, { id: 3, n: 7 }]); // prettier-ignore
    expect((await page('torn', '&key=3')).changes).toEqual([]);
    expect((await page('torn', '&key=1')).changes).toMatchObject([{ after: { n: 8 } }]);
  });
});

describe('a request of whose changes some are past their time', () => {
  it('is not undone by half, nor is its trace', async () => {
    const trace = 'ab'.repeat(16);
    const traced = (table: string, id: number): Promise<Reply> =>
      call('POST', `/rest/v1/${table}`, { body: { id, n: 1 }, headers: { traceparent: `00-${trace}-${'cd'.repeat(8)}-01` } });
    expect([(await traced('short', 9_001)).status, (await traced('long', 9_002)).status]).toEqual([201, 201]);
    await psql.query(
      `begin; insert into app.short values (9003, 1, null); insert into app.long values (9004, 1, null); commit; insert into app.short values (9005, 1, null)`,
    );
    const [both] = (await page('long', '&key=9004')).changes;
    const [alone] = (await page('short', '&key=9005')).changes;
    await forgotten('short', await age());
    const problem = { status: 410, body: { type: 'urn:lakeloop:problem:no-longer-kept' } };
    expect(await undo({ request: both?.request })).toMatchObject(problem);
    expect(await undo({ trace, force: true })).toMatchObject(problem);
    expect(await undo({ request: alone?.request })).toMatchObject(problem);
    expect((await psql.query('select id from app.short where id > 9000 union all select id from app.long where id > 9000 order by 1')).rows).toHaveLength(5);
    expect(await undo({ change: both?.id })).toMatchObject({ status: 200 });
  });

  it('is forgotten once nothing is left of it, nor of its trace', async () => {
    const left = `select count(*)::int as value from audit.request r where r.created_at < now() - interval '2 days' and not exists (select from audit.logged l where l.request_id = r.id)`;
    // Of the trace above one change is left, so both its requests are.
    expect(await one<number>(left)).toBe(1);
    await keep('long', 'P1D');
    await forgotten('long', await age());
    expect(await one<number>(`${left} and r.context is not null and r.context <> 'false' and r.trace_id = '${'ab'.repeat(16)}'`)).toBe(0);
    expect(
      await one<number>('select count(*)::int as value from audit.forgotten_request f where not exists (select from audit.request r where r.id = f.id)'),
    ).toBe(0);
  });
});

describe('a row whose changes are all past their time', () => {
  it('has the version that it had, and what a rewrite hides is not taken for unchanged', async () => {
    await keep('versioned', 'P1D');
    await psql.query(`insert into app.versioned values (1, 1, 'x')`);
    const etag = (await call('GET', '/rest/v1/versioned?id=eq.1', { headers: { accept: 'application/vnd.pgrst.object+json' } })).headers.get('etag') ?? '';
    const rewrite = (version: string): Promise<unknown> =>
      psql.query(`insert into lakeloop.rewrite_xid (root, version) values ('app.versioned'::regclass, $1)`, [version]);
    const same = (now: string, tag: string): Promise<boolean> =>
      one(`select lakeloop.only_rewritten('app.versioned'::regclass, $1, '{"id": 2}', array[$2]) as value`, [now, tag]);
    await rewrite('R1');
    await psql.query(`insert into app.versioned values (2, 1, 'x')`);
    await rewrite('R2');
    expect(await same('R2', 'R1')).toBe(false);
    const then = await age();
    await rewrite('R3');
    await rewrite('R4');
    await forgotten('versioned', then);
    expect((await page('versioned')).changes).toEqual([]);
    expect([await same('R2', 'R1'), await same('R4', 'R1'), await same('R4', 'R3')]).toEqual([false, false, true]);
    expect(etag).not.toBe('');
    expect((await call('PATCH', '/rest/v1/versioned?id=eq.1', { body: { n: 2 }, headers: { 'if-match': etag } })).status).toBe(204);
    expect((await page('versioned')).changes).toMatchObject([{ before: { n: 1 }, after: { n: 2 } }]);
  });
});

describe('deleting', () => {
  it('takes the moments with it that no table is kept from, and leaves them while one is', async () => {
    const [oldest] = (await psql.query<{ id: string }>('select min(id)::text as id from audit.checkpoint')).rows;
    const tables = ['short', 'long', 'spoken', 'torn', 'versioned'];
    for (const table of tables.filter((name) => name !== 'spoken')) await keep(table, 'P1D');
    await keep('spoken', null);
    const then = await age();
    for (const table of tables.filter((name) => name !== 'spoken')) await forgotten(table, then);
    expect((await call('GET', `/rest/v1/spoken?select=id&asOf=${oldest?.id}`)).status).toBe(200);
    await keep('spoken', 'P1D');
    while ((await one<string>('select min(id)::text as value from audit.checkpoint')) !== then);
    expect(await call('GET', `/rest/v1/spoken?select=id&asOf=${oldest?.id}`)).toMatchObject({ status: 410, body: { code: 'PGRST136' } });
    expect((await call('GET', `/rest/v1/spoken?select=id&asOf=${then}`)).status).toBe(200);
  });

  it('goes on where it stood when it is cut off', async () => {
    await keep('torn', null);
    await psql.query(`insert into app.torn select i, 0, null from generate_series(100, 30099) i; update app.torn set n = 1 where id >= 20000`);
    const then = await age();
    await psql.query(`update app.torn set n = 2 where id < 110`);
    const kept = (await leavesOf('torn')).slice(-12);
    const before = await one<string>('select max(id)::text as value from audit.deleted');
    await keep('torn', 'P2D');
    while (!(await one<boolean>('select max(id) > $1 as value from audit.deleted', [before])));
    await psql.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lakeloop-write-upkeep' and datname = current_database()`,
    );
    await forgotten('torn', then);
    expect(await leavesOf('torn')).toEqual(kept);
  });
});
