import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { ColumnSpec, EditList, EditReport, SchemaEdit, TableDescription, TableList } from '#contracts/http/tables';
import { type ApiStand, openApi, type Reply } from '../testing/api-stand.ts';
import { signToken, startWriteApp, untilReady } from '../testing/write-app.ts';

let stand: ApiStand;
let psql: pg.Client;

beforeAll(async () => {
  stand = await openApi(
    `create schema app authorization lakeloop_owner; create schema other authorization lakeloop_owner;
    grant usage, create on schema app to analyst; grant usage on schema app to sales`,
    { editsTables: true },
  );
  psql = new pg.Client({ connectionString: stand.database.url });
  await psql.connect();
});
afterAll(async () => {
  await psql?.end();
  await stand?.stop();
});

type Answer<T> = Reply<T>;

const call = <T = Record<string, unknown>>(
  method: string,
  path: string,
  body?: unknown,
  { role = 'analyst', headers = {} }: { role?: string; headers?: Record<string, string> } = {},
): Promise<Answer<T>> => stand.call<T>(method, path, { role, headers, ...(body === undefined ? {} : { body }) });

const edit = (method: string, path: string, body?: unknown): Promise<Answer<EditReport & Record<string, unknown>>> => call(method, `/v1/tables${path}`, body);
const insert = (table: string, rows: unknown): Promise<Answer<Record<string, unknown>[]>> =>
  call('POST', `/rest/v1/${table}`, rows, { headers: { prefer: 'return=representation' } });
const column = ({ columns }: TableDescription, name: string): TableDescription['columns'][number] | undefined => columns.find((each) => each.name === name);

async function create(name: string, columns: ColumnSpec[], more: Record<string, unknown> = {}): Promise<TableDescription> {
  const { status, body } = await edit('POST', '', { name, columns, ...more });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.table as TableDescription;
}

describe('a table that a user makes', () => {
  it('is a real one: types, key, validation, references, labels; rows at once, audited and in the stream', async () => {
    await create('customers', [{ name: 'name', type: 'text', required: true }]);
    const made = await create(
      'orders',
      [
        { name: 'customer', type: 'reference', references: { table: 'customers' }, required: true, label: 'Customer' },
        { name: 'amount', type: 'decimal', precision: 12, scale: 2, min: 0, max: '1000000', description: 'gross' },
        { name: 'status', type: 'choice', options: ['open', "it's", 'done'], default: 'open' },
        { name: 'tags', type: 'multi-choice', options: ['a', 'b'] },
        { name: 'code', type: 'text', pattern: '^[A-Z]{2}\\d+$', unique: true },
        { name: 'due', type: 'date', min: '2020-01-01' },
        { name: 'paid', type: 'boolean' },
        { name: 'extra', type: 'json' },
      ],
      { label: 'Orders', description: 'all of them' },
    );
    expect(made).toMatchObject({
      schema: 'app',
      name: 'orders',
      label: 'Orders',
      description: 'all of them',
      key: ['id'],
      adopted: true,
      archived: false,
      may: { select: true, edit: true },
    });
    expect(made.columns.map(({ name, sqlType, system }) => [name, sqlType, system])).toEqual([
      ['id', 'bigint', true],
      ['customer', 'bigint', false],
      ['amount', 'numeric(12,2)', false],
      ['status', 'text', false],
      ['tags', 'text[]', false],
      ['code', 'text', false],
      ['due', 'date', false],
      ['paid', 'boolean', false],
      ['extra', 'jsonb', false],
      ['created_at', 'timestamp with time zone', true],
      ['created_by', 'text', true],
      ['updated_at', 'timestamp with time zone', true],
      ['updated_by', 'text', true],
    ]);
    expect(column(made, 'customer')).toMatchObject({
      type: 'reference',
      required: true,
      label: 'Customer',
      references: { schema: 'app', table: 'customers', column: 'id' },
    });
    const [customer] = (await insert('customers', { name: 'ACME' })).body;
    const good = { customer: customer?.['id'], amount: 5, tags: ['b'], code: 'AB1', due: '2026-01-01', created_by: 'forged' };
    expect((await insert('orders', good)).body).toMatchObject([{ amount: 5, status: 'open', created_by: 'user-of-analyst', updated_by: 'user-of-analyst' }]);
    const bad = [
      { amount: -1 },
      { status: 'no' },
      { tags: ['c'] },
      { code: 'x' },
      { code: 'AB1' },
      { due: '2019-01-01' },
      { customer: 99 },
      { customer: null },
    ];
    for (const each of bad) expect([400, 409]).toContain((await insert('orders', { ...good, code: 'AB2', ...each })).status);
    expect((await psql.query(`select count(*)::int as n from audit.entry where table_name = 'orders'`)).rows).toEqual([{ n: 1 }]);
    expect((await psql.query(`select from pg_publication_tables where pubname = 'lakeloop' and tablename = 'orders'`)).rowCount).toBe(1);
    expect((await psql.query(`select relowner::regrole::text as owner from pg_class where oid = 'app.orders'::regclass`)).rows).toEqual([
      { owner: 'lakeloop_owner' },
    ]);
  });

  it('has a key of its own choice, and names of any kind', async () => {
    const made = await create(
      'we"ird. näme',
      [
        { name: 'a "b"', type: 'text' },
        { name: "it's; drop table x", type: 'integer', min: 1 },
      ],
      { key: ['a "b"', "it's; drop table x"] },
    );
    expect(made.key).toEqual(['a "b"', "it's; drop table x"]);
    expect((await edit('GET', `/${encodeURIComponent('we"ird. näme')}`)).body).toMatchObject({ name: 'we"ird. näme' });
  });

  it('is only said in a dry run, and refused with the place of what is wrong', async () => {
    const tried = await edit('POST', '?dryRun=true', { name: 'tried', columns: [{ name: 'a', type: 'text' }] });
    expect(tried).toMatchObject({ body: { applied: false, table: null, edit: null } });
    expect(tried.body.sql[0]).toContain('create table "app"."tried"');
    expect((await edit('GET', '/tried')).status).toBe(404);
    expect((await call<TableList>('GET', '/v1/tables')).body.schemas).toEqual(['app']);
    expect((await call<TableList>('GET', '/v1/tables', undefined, { role: 'sales' })).body.schemas).toEqual([]);
    const nothing = { label: null, description: null, key: null };
    expect((await edit('POST', '?dryRun=true', { name: 'tried', columns: [{ name: 'a', type: 'text', label: null }], ...nothing })).status).toBe(201);
    const refused: [unknown, number][] = [
      [{ name: 'x', columns: [] }, 400],
      [{ name: 'x'.repeat(64), columns: [{ name: 'a', type: 'text' }] }, 400],
      [{ name: 'x', columns: [{ name: 'a', type: 'varchar' }] }, 400],
      [{ name: 'x', columns: [{ name: 'a', type: 'text', surprise: 1 }] }, 400],
      [{ name: 'x', columns: [{ name: 'id', type: 'text' }] }, 422],
      [{ name: 'x', columns: [{ name: 'a', type: 'choice' }] }, 422],
      [{ name: 'x', columns: [{ name: 'a', type: 'text', min: 1 }] }, 422],
      [{ name: 'x', columns: [{ name: 'a', type: 'reference', references: { table: 'nowhere' } }] }, 422],
      [{ name: 'x', columns: [{ name: 'a', type: 'text', pattern: '(' }] }, 400],
      [{ name: 'x', columns: [{ name: 'a', type: 'integer', default: 'five' }] }, 400],
      [{ name: 'orders', columns: [{ name: 'a', type: 'text' }] }, 400],
    ];
    for (const [body, status] of refused) expect([body, (await edit('POST', '', body)).status]).toEqual([body, status]);
    expect(await call('POST', '/v1/tables', { name: 'x', columns: [{ name: 'a', type: 'text' }] }, { role: 'sales' })).toMatchObject({
      status: 403,
      body: { hint: expect.stringContaining('grant create') },
    });
  });
});

describe('edits of a table', () => {
  it('add, rename and change columns; rows follow without a restart', async () => {
    await create('things', [{ name: 'name', type: 'text' }]);
    await insert('things', [{ name: 'one' }, { name: 'two' }]);
    expect(await edit('POST', '/things/columns', { name: 'size', type: 'integer', required: true, default: 7, min: 0 })).toMatchObject({
      status: 201,
      body: { applied: true, reversible: true },
    });
    expect((await insert('things', { name: 'three' })).body).toMatchObject([{ size: 7 }]);
    expect((await insert('things', { name: 'four', size: -1 })).status).toBe(400);
    expect(await edit('PATCH', '/things/columns/size', { name: 'mass' })).toMatchObject({ status: 200 });
    expect((await insert('things', { name: 'four', mass: -1 })).status).toBe(400);
    expect(await edit('PATCH', '/things/columns/mass', { min: null, label: 'Mass', required: false })).toMatchObject({ status: 200 });
    expect((await insert('things', { name: 'four', mass: -1 })).status).toBe(201);
    const { body } = await call<TableDescription>('GET', '/v1/tables/things');
    expect(column(body, 'mass')).toEqual({ name: 'mass', type: 'integer', default: 7, label: 'Mass', sqlType: 'bigint', system: false });
    expect(
      (await psql.query<{ after: string[] }>(`select after from audit.entry where table_name = 'things' order by id desc limit 1`)).rows[0]?.after,
    ).toContain('-1');
  });

  it('say which rows they would lose or break, and refuse those', async () => {
    await create('mixed', [
      { name: 'value', type: 'text' },
      { name: 'other', type: 'text' },
    ]);
    await insert(
      'mixed',
      ['12', 'twelve', '12', null].map((value) => ({ value })),
    );
    const change = { type: 'integer', required: true, unique: true, max: 11 };
    const tried = await edit('PATCH', '/mixed/columns/value?dryRun=true', change);
    expect(tried.body.losses).toEqual([
      { what: 'values of value that are no bigint', rows: 1, examples: ['{"id" : 2}'], refuses: true },
      { what: 'rows without value', rows: 1, examples: ['{"id" : 4}'], refuses: true },
      { what: 'values of value outside its range', rows: 2, examples: ['{"id" : 1}', '{"id" : 3}'], refuses: true },
      { what: 'rows that share their value with another', rows: 2, examples: ['{"id" : 1}', '{"id" : 3}'], refuses: true },
    ]);
    expect(await edit('PATCH', '/mixed/columns/value', change)).toMatchObject({
      status: 409,
      body: { type: 'urn:lakeloop:problem:rows-in-the-way', losses: [{ rows: 1 }, {}, {}, {}] },
    });
    expect((await call<TableDescription>('GET', '/v1/tables/mixed')).body.columns[1]).toMatchObject({ name: 'value', type: 'text' });
    await call('PATCH', '/rest/v1/mixed?id=in.(2,4)', { value: '5' });
    expect(await edit('PATCH', '/mixed/columns/value', { type: 'integer', required: true })).toMatchObject({ status: 200 });
    expect((await call('GET', '/rest/v1/mixed?select=value&order=id')).body).toEqual([{ value: 12 }, { value: 5 }, { value: 12 }, { value: 5 }]);
    expect((await edit('POST', '/mixed/columns', { name: 'must', type: 'text', required: true })).status).toBe(409);
  });

  it('keep of a dropped column what was written while it was being dropped', async () => {
    await create('hurried', [{ name: 'note', type: 'text' }]);
    await insert('hurried', { note: 'before' });
    await psql.query(`begin; update app.hurried set note = 'meanwhile'`);
    const dropping = edit('DELETE', '/hurried/columns/note');
    for (let waits = false; !waits;)
      waits =
        ((
          await stand.database.client.query(
            `select from pg_stat_activity where datname = current_database() and usename = 'lakeloop_admin' and wait_event_type = 'Lock'`,
          )
        ).rowCount ?? 0) > 0;
    await psql.query('commit');
    const { status, body } = await dropping;
    expect(status).toBe(200);
    expect((await edit('POST', `/hurried/edits/${body.edit}/revert`, {})).status).toBe(200);
    expect((await psql.query('select note from app.hurried')).rows).toEqual([{ note: 'meanwhile' }]);
  });

  it('are on record with who and why, and taken back by others: a dropped column returns with its values', async () => {
    await create('kept', [
      { name: 'name', type: 'text' },
      { name: 'note', type: 'choice', options: ['x', 'y'], required: true },
    ]);
    await insert('kept', [
      { name: 'a', note: 'x' },
      { name: 'b', note: 'y' },
    ]);
    const dropped = await call<EditReport>('DELETE', '/v1/tables/kept/columns/note', undefined, { headers: { 'lakeloop-reason': 'not needed' } });
    expect(dropped).toMatchObject({ status: 200, body: { reversible: true, losses: [{ rows: 2, refuses: false }] } });
    expect((await call('GET', '/rest/v1/kept?select=note')).status).toBe(400);
    await edit('PATCH', '/kept', { name: 'kept on' });
    const edits = (await call<{ edits: SchemaEdit[] }>('GET', '/v1/tables/kept%20on/edits')).body.edits;
    expect(edits.map(({ actor, reason, edit: { op } }) => [actor, reason, op])).toEqual([
      ['user-of-analyst', null, 'rename'],
      ['user-of-analyst', 'not needed', 'drop-column'],
      ['user-of-analyst', null, 'create'],
    ]);
    expect(await edit('POST', `/kept%20on/edits/${edits[1]?.id}/revert`, {})).toMatchObject({ status: 200, body: { applied: true } });
    expect((await call('GET', '/rest/v1/kept%20on?select=name,note&order=id')).body).toEqual([
      { name: 'a', note: 'x' },
      { name: 'b', note: 'y' },
    ]);
    expect((await insert('kept%20on', { name: 'c', note: 'z' })).status).toBe(400);
    expect(await edit('POST', `/kept%20on/edits/${edits[0]?.id}/revert`, {})).toMatchObject({ body: { table: { name: 'kept' } } });
  });

  it('are listed newest first by their number, and not by its digits', async () => {
    await create('listed', [{ name: 'name', type: 'text' }]);
    await psql.query(`select setval(pg_get_serial_sequence('lakeloop.schema_edit', 'id'), 99998)`);
    for (const label of ['first', 'second']) await edit('PATCH', '/listed', { label });
    const { edits, inSteps } = (await call<EditList>('GET', '/v1/tables/listed/edits')).body;
    expect(edits.slice(0, 2).map(({ id, edit: { label } }) => [id, label])).toEqual([
      ['100000', 'second'],
      ['99999', 'first'],
    ]);
    expect(inSteps).toBeNull();
  });

  it('keep the order of columns over a new name', async () => {
    await create('ordered', [
      { name: 'a', type: 'text' },
      { name: 'b', type: 'text' },
    ]);
    await edit('PATCH', '/ordered', { columns: ['b', 'a', 'id'] });
    const { body } = await edit('PATCH', '/ordered/columns/a', { name: 'c' });
    expect(body.table?.columns.slice(0, 3).map(({ name }) => name)).toEqual(['b', 'c', 'id']);
  });

  it('archive a table with its rows and history, and restore it', async () => {
    await create('old', [{ name: 'name', type: 'text' }]);
    await insert('old', { name: 'kept' });
    expect(await edit('POST', '/old/archive', {})).toMatchObject({ status: 200, body: { table: { schema: 'app', archived: true } } });
    expect((await call('GET', '/rest/v1/old')).status).toBe(404);
    expect((await call<{ tables: TableDescription[] }>('GET', '/v1/tables')).body.tables.find(({ name }) => name === 'old')).toMatchObject({
      schema: 'app',
      archived: true,
    });
    expect((await edit('POST', '/old/archive', {})).status).toBe(409);
    expect(await edit('POST', '/old/restore', {})).toMatchObject({ status: 200, body: { table: { archived: false } } });
    expect((await call('GET', '/rest/v1/old?select=name')).body).toEqual([{ name: 'kept' }]);
  });

  it('give way to a long reader, and go through once it has ended', async () => {
    await create('busy', [{ name: 'name', type: 'text' }]);
    await psql.query('begin; select * from app.busy');
    const adding = edit('POST', '/busy/columns', { name: 'later', type: 'text' });
    for (let waiting = false; !waiting;)
      waiting =
        (await stand.database.client.query(`select from pg_stat_activity where usename = 'lakeloop_admin' and wait_event_type = 'Lock'`)).rowCount === 1;
    expect((await insert('busy', { name: 'meanwhile' })).status).toBe(201);
    await psql.query('commit');
    expect(await adding).toMatchObject({ status: 201 });
  });

  it('keep what SQL made, and adopt it', async () => {
    await stand.database.client.query(
      `set role lakeloop_owner; create table app.theirs (id integer primary key, amount numeric check (amount <> 13), at timestamp); grant select, insert on app.theirs to analyst; reset role`,
    );
    expect((await call<TableDescription>('GET', '/v1/tables/theirs')).body).toMatchObject({
      adopted: false,
      columns: [{ name: 'id', type: 'integer' }, { type: 'decimal' }, { type: 'timestamp' }],
    });
    expect(await edit('POST', '/theirs/adopt', {})).toMatchObject({ status: 200, body: { table: { adopted: true } } });
    expect(await edit('PATCH', '/theirs/columns/amount', { max: 100 })).toMatchObject({ status: 200 });
    expect((await insert('theirs', { id: 1, amount: 13 })).status).toBe(400);
    expect((await insert('theirs', { id: 1, amount: 101 })).status).toBe(400);
    expect((await insert('theirs', { id: 1, amount: 99 })).status).toBe(201);
    for (const nothing of [{ label: 'a', columns: ['amount'] }, { columns: null }, { name: null }, {}])
      expect((await edit('PATCH', '/theirs', nothing)).status).toBe(400);
    for (const nothing of [{ name: null }, {}]) expect((await edit('PATCH', '/theirs/columns/amount', nothing)).status).toBe(400);
    for (const id of ['x', '99999999999999999999', '5 or 1=1'])
      expect((await edit('POST', `/theirs/edits/${encodeURIComponent(id)}/revert`, {})).status).toBe(400);
    expect(await edit('PATCH', '/theirs', { columns: ['at', 'amount', 'id'] })).toMatchObject({
      body: { table: { columns: [{ name: 'at' }, { name: 'amount' }, { name: 'id' }] } },
    });
  });
});

describe('who may', () => {
  it('sees what the role may read, edits where the role may create', async () => {
    await create('secretive', [
      { name: 'name', type: 'text' },
      { name: 'hidden', type: 'text' },
    ]);
    expect((await call('GET', '/v1/tables/secretive', undefined, { role: 'sales' })).status).toBe(404);
    await psql.query('grant select (id, name) on app.secretive to sales');
    const { body } = await call<TableDescription>('GET', '/v1/tables/secretive', undefined, { role: 'sales' });
    expect(body.columns.map(({ name }) => name)).toEqual(['id', 'name']);
    expect(body.may).toEqual({ select: true, insert: false, update: false, delete: false, edit: false });
    expect((await call('DELETE', '/v1/tables/secretive/columns/name', undefined, { role: 'sales' })).status).toBe(403);
    expect((await call('GET', '/v1/tables?schema=audit')).body).toMatchObject({
      tables: expect.not.arrayContaining([expect.objectContaining({ schema: 'audit' })]),
    });
    expect((await call('GET', '/v1/tables/log?schema=audit')).status).toBe(404);
  });

  it('is told that tables are not edited where there is no login for DDL', async () => {
    const without = await startWriteApp(stand.database.writeUrl);
    await untilReady(without.url);
    const headers = { authorization: `Bearer ${await signToken('analyst')}`, 'content-type': 'application/json' };
    const refused = await fetch(`${without.url}/v1/tables`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ name: 'x', columns: [{ name: 'a', type: 'text' }] }),
    });
    expect([refused.status, ((await refused.json()) as { hint: string }).hint]).toEqual([501, expect.stringContaining('ADMIN_DATABASE_URL')]);
    expect((await fetch(`${without.url}/v1/tables`, { headers })).status).toBe(200);
    await without.stop();
  });
});
