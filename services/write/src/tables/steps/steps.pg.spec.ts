import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { once } from 'node:events';
import type { EditProgress, EditReport, SchemaEdit, TableDescription } from '#contracts/http/tables';
import { arm } from '#libs/runtime/failpoints';
import { SCHEMA_CHANNEL } from '../../catalogue/catalogue-cache.ts';
import { type ApiStand, openApi, type Reply } from '../../testing/api-stand.ts';

let stand: ApiStand;
let psql: pg.Client;

beforeAll(async () => {
  stand = await openApi(
    `create schema app authorization lakeloop_owner; create schema other authorization lakeloop_owner;
    grant usage, create on schema app to analyst; grant usage on schema app to sales`,
    // Every table counts as a large one.
    { editsTables: true, config: { TABLES_AT_ONCE_BYTES: 0 } },
  );
  psql = new pg.Client({ connectionString: stand.database.url });
  await psql.connect();
  // Told of each edit that begins or ends.
  await psql.query(`listen ${SCHEMA_CHANNEL}`);
});
afterAll(async () => {
  await psql?.end();
  await stand?.stop();
});

type Edit = EditReport & Record<string, unknown>;
const call = <T = Record<string, unknown>>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply<T>> =>
  stand.call<T>(method, path, { headers, ...(body === undefined ? {} : { body }) });
const edit = (method: string, path: string, body?: unknown): Promise<Reply<Edit>> => call(method, `/v1/tables${path}`, body);

/** A table of a user's, with `rows` rows `{name: 'row <id>', amount: '<id>'}`. */
async function create(name: string, rows: number): Promise<void> {
  const columns = [
    { name: 'name', type: 'text' },
    { name: 'amount', type: 'text' },
  ];
  expect((await edit('POST', '', { name, columns })).status).toBe(201);
  await psql.query(`insert into app.${name} (name, amount) select 'row ' || i, i from generate_series(1, $1::int) i`, [rows]);
  await psql.query(`analyze app.${name}`);
}

const progress = async (table: string, id: string | null): Promise<EditProgress> => (await call<EditProgress>('GET', `/v1/tables/${table}/edits/${id}`)).body;

/** How an edit ends. */
async function ended(table: string, id: string | null): Promise<EditProgress> {
  for (;;) {
    const news = once(psql, 'notification');
    const now = await progress(table, id);
    if (now.state !== 'running') return now;
    await news;
  }
}

const columnsOf = async (table: string): Promise<string[]> =>
  (
    await psql.query<{ column: string }>(
      `select attname || ' ' || format_type(atttypid, atttypmod) as column from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
      [`app.${table}`],
    )
  ).rows.map(({ column }) => column);

/** Resolves once the row API knows that the column is of a type that takes no text. */
async function followed(table: string, column: string): Promise<void> {
  for (let known = false; !known;) known = (await call('GET', `/rest/v1/${table}?${column}=eq.none`)).status === 400;
}

/** What an edit may leave lying about. */
async function leftovers(table: string): Promise<{ name: string }[]> {
  const { rows } = await psql.query<{ name: string }>(
    `select attname::text as name from pg_attribute where attrelid = $1::regclass and attname like 'lakeloop:%' and not attisdropped
     union all select conname from pg_constraint where conrelid = $1::regclass and (conname like 'lakeloop:%:new' or conname ~ '^lakeloop:(copied|required)')
     union all select tgname from pg_trigger where tgrelid = $1::regclass and (tgname like '~lakeloop%' or tgname = 'lakeloop_audit_update' and pg_get_triggerdef(oid) like '%is_rewrite%')
     union all select proname from pg_proc where proname like 'rewrite\\_%' union all select relname from pg_class where relname like 'lakeloop:index:%' or relkind = 'i' and not exists (select from pg_index i where i.indexrelid = oid and i.indisvalid)`,
    [`app.${table}`],
  );
  return rows;
}

describe('a column of a large table that gets another type', () => {
  it('is copied beside readers and writers, and takes the old one’s place with its rules, default, indexes and grants', async () => {
    await create('orders', 3_000);
    await psql.query(`create index orders_both on app.orders (amount desc, name); grant select (id, amount) on app.orders to sales`);
    const tried = await edit('PATCH', '/orders/columns/amount?dryRun=true', { type: 'integer' });
    expect(tried.body).toMatchObject({ applied: false, edit: null, inSteps: true, blocks: null });
    const asked = await edit('PATCH', '/orders/columns/amount', { type: 'integer', required: true, unique: true, min: 0, default: 7_000, label: 'Amount' });
    expect(asked).toMatchObject({ status: 202, body: { applied: false, inSteps: true, table: null } });
    expect(await ended('orders', asked.body.edit)).toMatchObject({ state: 'applied', rows: 3_000, percent: 100, failure: null });
    expect(await leftovers('orders')).toEqual([]);
    await followed('orders', 'amount');
    const { body } = await call<TableDescription>('GET', '/v1/tables/orders');
    expect(body.columns.slice(0, 3)).toMatchObject([
      { name: 'id' },
      { name: 'name' },
      { name: 'amount', type: 'integer', required: true, unique: true, min: 0, default: 7_000, label: 'Amount' },
    ]);
    expect((await psql.query(`select count(*)::int as n, sum(amount)::int as sum from app.orders`)).rows).toEqual([{ n: 3_000, sum: 4_501_500 }]);
    expect((await psql.query(`select indexdef from pg_indexes where indexname = 'orders_both'`)).rows).toEqual([
      { indexdef: 'CREATE INDEX orders_both ON app.orders USING btree (amount DESC, name)' },
    ]);
    expect((await psql.query(`select has_column_privilege('sales', 'app.orders', 'amount', 'select') as may`)).rows).toEqual([{ may: true }]);
    expect((await call('POST', '/rest/v1/orders', { name: 'x', amount: -1 })).status).toBe(400);
    expect(await call('POST', '/rest/v1/orders', { name: 'x', amount: 1 })).toMatchObject({ status: 409 });
    expect((await call('POST', '/rest/v1/orders', { name: 'x' }, { prefer: 'return=representation' })).body).toMatchObject([{ amount: 7_000 }]);
    const { edits } = (await call<{ edits: SchemaEdit[] }>('GET', '/v1/tables/orders/edits')).body;
    expect(edits[0]).toMatchObject({ id: asked.body.edit, actor: 'user-of-analyst', edit: { op: 'change-column' }, reversible: true });
    const back = await edit('POST', `/orders/edits/${asked.body.edit}/revert`, {});
    expect(back.status).toBe(202);
    expect(await ended('orders', back.body.edit)).toMatchObject({ state: 'applied' });
    expect((await call('GET', '/rest/v1/orders?select=amount&id=eq.5')).body).toEqual([{ amount: '5' }]);
  });

  it('is no change of its rows: no audit entry, no other updated_at, and an ETag from before is still good', async () => {
    await create('kept', 50);
    const before = await call<Record<string, unknown>[]>('GET', '/rest/v1/kept?id=eq.1');
    const changed = await call<Record<string, unknown>[]>('GET', '/rest/v1/kept?id=eq.2');
    await psql.query(`update app.kept set name = 'changed' where id = 2`);
    const count = async (): Promise<{ n: number }[]> =>
      (await psql.query<{ n: number }>(`select count(*)::int as n from audit.entry where table_name = 'kept'`)).rows;
    const [{ n: entries } = { n: 0 }] = await count();
    const then = (await psql.query<{ id: string }>(`select coalesce(lakeloop.take_checkpoint(), (select max(id) from audit.checkpoint))::text as id`)).rows[0]
      ?.id;
    await psql.query(`update app.kept set amount = '33' where id = 3`);
    for (const type of ['integer', 'text'])
      expect(await ended('kept', (await edit('PATCH', '/kept/columns/amount', { type })).body.edit)).toMatchObject({ state: 'applied' });
    expect(await count()).toEqual([{ n: entries + 1 }]);
    await psql.query('alter table app.kept rename column amount to total');
    for (let known = false; !known;) known = (await call('GET', '/rest/v1/kept?select=total&limit=1')).status === 200;
    expect((await call('GET', `/rest/v1/kept?asOf=${then}&select=id,total&id=in.(2,3,4)&order=id`)).body).toEqual([{ id: 2, total: '2' }, { id: 3, total: '3' }, { id: 4, total: '4' }]); // prettier-ignore
    await psql.query('alter table app.kept rename column total to amount');
    for (let known = false; !known;) known = (await call('GET', '/rest/v1/kept?select=amount&limit=1')).status === 200;
    const after = await call<Record<string, unknown>[]>('GET', '/rest/v1/kept?id=eq.1');
    expect(after.body).toEqual(before.body);
    const patch = (id: number, tag: string | null): Promise<Reply> => call('PATCH', `/rest/v1/kept?id=eq.${id}`, { name: 'mine' }, { 'if-match': tag ?? '' });
    expect((await patch(2, changed.headers.get('etag'))).status).toBe(412);
    expect((await patch(1, before.headers.get('etag'))).status).toBe(204);
    expect((await patch(1, before.headers.get('etag'))).status).toBe(412);
    expect((await patch(1, after.headers.get('etag'))).status).toBe(412);
    const history = (await call<{ changes: { operation: string; before: unknown; after: unknown }[] }>('GET', '/v1/history/kept?key=2')).body.changes;
    expect(history.map(({ operation, after: image }) => [operation, image])).toMatchObject([['update', { name: 'changed', amount: '2' }], ['insert', { name: 'row 2', amount: '2' }]]); // prettier-ignore
    const undo = await call('POST', '/v1/undo', {
      change: (await psql.query<{ id: string }>(`select max(id)::text as id from audit.entry where table_name = 'kept' and key = '{"id": 2}'`)).rows[0]?.id,
    });
    expect(undo.status).toBe(200);
    expect((await call('GET', '/rest/v1/kept?id=eq.2&select=name')).body).toEqual([{ name: 'row 2' }]);
  });

  it('says which values the new type does not take, also those that came while it was under way, and stays', async () => {
    await create('mixed', 2_000);
    const disarm = arm('tables.steps.before-index', async () => {
      disarm();
      await psql.query(`update app.mixed set amount = 'many' where id = 3; insert into app.mixed (amount) values ('few')`);
    });
    const { body } = await edit('PATCH', '/mixed/columns/amount', { type: 'integer' });
    expect(await ended('mixed', body.edit)).toMatchObject({
      state: 'failed',
      failure: { losses: [{ what: 'values of amount that are no bigint', rows: 2, examples: ['{"id" : 3}', '{"id" : 2001}'] }] },
    });
    expect(await leftovers('mixed')).toEqual([]);
    expect(await columnsOf('mixed')).toContain('amount text');
    expect((await call('GET', '/rest/v1/mixed?amount=in.(many,few)&select=id&order=id')).body).toEqual([{ id: 3 }, { id: 2_001 }]);
    const again = await edit('PATCH', '/mixed/columns/amount', { type: 'integer' });
    expect(again).toMatchObject({ status: 409, body: { type: 'urn:lakeloop:problem:rows-in-the-way' } });
  });
});

describe('an edit in steps', () => {
  it('goes on where it stood, wherever it broke off', async () => {
    await create('broken', 1_500);
    const places = [
      'after-begin',
      'before-copy',
      'in-page',
      'after-page',
      'before-index',
      'after-index',
      'before-validate',
      'before-validation',
      'before-swap',
      'in-swap',
      'after-swap',
    ];
    const fired: string[] = [];
    for (const place of places) {
      const disarm = arm(`tables.steps.${place}`, () => {
        disarm();
        fired.push(place);
        throw new Error(`failpoint ${place}`);
      });
    }
    const { status } = await edit('PATCH', '/broken/columns/amount', { type: 'integer', unique: true, min: 0 });
    expect(status).toBe(500);
    const [open] = (await psql.query<{ id: string }>(`select id::text from lakeloop.stepwise_edit where table_name = 'broken'`)).rows;
    expect(await edit('POST', '/broken/columns', { name: 'other', type: 'text' })).toMatchObject({ status: 409, body: { edit: open?.id } });
    expect(await ended('broken', open?.id ?? '')).toMatchObject({ state: 'applied' });
    expect(await leftovers('broken')).toEqual([]);
    expect(fired).toEqual(places.slice(0, fired.length));
    expect((await psql.query('select count(*)::int as n, sum(amount)::int as sum from app.broken')).rows).toEqual([{ n: 1_500, sum: 1_125_750 }]);
    expect((await psql.query(`select count(*)::int as n from lakeloop.schema_edit where table_name = 'broken'`)).rows).toEqual([{ n: 2 }]);
  });

  it('is cancelled while it copies, and while it waits for others to end; the table stays, also when the cleaning up broke off', async () => {
    await create('cancelled', 1_500);
    const before = await columnsOf('cancelled');
    const cancel = (id: string | null): Promise<Reply<EditProgress>> => call('POST', `/v1/tables/cancelled/edits/${id}/cancel`, {});
    const paused = Promise.withResolvers<void>();
    const going = Promise.withResolvers<void>();
    const disarm = arm('tables.steps.after-page', () => {
      paused.resolve();
      return going.promise;
    });
    const first = (await edit('PATCH', '/cancelled/columns/amount', { type: 'integer' })).body.edit;
    await paused.promise;
    expect(await progress('cancelled', first)).toMatchObject({ state: 'running', phase: 'copy', rows: 500, total: 1_500, percent: 33 });
    const again = arm('tables.steps.before-abandon', () => {
      again();
      throw new Error('failpoint before-abandon');
    });
    expect((await cancel(first)).status).toBe(202);
    disarm();
    going.resolve();
    expect(await ended('cancelled', first)).toMatchObject({ state: 'cancelled', failure: null });
    expect((await cancel(first)).status).toBe(409);
    await psql.query('begin isolation level repeatable read; select count(*) from app.cancelled');
    const second = (await edit('PATCH', '/cancelled/columns/amount', { unique: true })).body.edit;
    for (let waiting = false; !waiting;)
      waiting =
        ((await stand.database.client.query(`select from pg_stat_activity where query like 'create unique index concurrently%' and wait_event_type = 'Lock'`))
          .rowCount ?? 0) > 0;
    expect((await cancel(second)).status).toBe(202);
    await psql.query('commit');
    expect(await ended('cancelled', second)).toMatchObject({ state: 'cancelled' });
    expect(await leftovers('cancelled')).toEqual([]);
    expect(await columnsOf('cancelled')).toEqual(before);
    expect((await call('GET', '/v1/tables/cancelled/edits')).body).toMatchObject({
      edits: [{ edit: { op: 'create' } }],
      inSteps: {
        id: second,
        state: 'cancelled',
        actor: 'user-of-analyst',
        edit: { op: 'change-column', column: 'amount', change: { unique: true } },
        reverts: null,
      },
    });
  });

  it('is cancelled in the moment before it makes an index, and keeps no connection', async () => {
    await create('momentary', 1_500);
    for (let round = 0; round < 2; round += 1) {
      const paused = Promise.withResolvers<void>();
      const going = Promise.withResolvers<void>();
      const disarm = arm('tables.steps.before-index', () => {
        paused.resolve();
        return going.promise;
      });
      const { body } = await edit('PATCH', '/momentary/columns/amount', { unique: true });
      await paused.promise;
      expect((await call('POST', `/v1/tables/momentary/edits/${body.edit}/cancel`, {})).status).toBe(202);
      disarm();
      going.resolve();
      expect(await ended('momentary', body.edit)).toMatchObject({ state: 'cancelled', failure: null });
    }
    expect(await leftovers('momentary')).toEqual([]);
  });

  it('holds nobody up: of 200,000 rows, no read and no write waits longer than a second', async () => {
    await create('large', 200_000);
    const others = await Promise.all(
      [1, 2].map(async () => {
        const client = new pg.Client({ connectionString: stand.database.url });
        await client.connect();
        await client.query(`set statement_timeout = '1s'`);
        return client;
      }),
    );
    const asked = await edit('PATCH', '/large/columns/amount', { type: 'integer', required: true, unique: true, min: 0 });
    expect(asked.status).toBe(202);
    let over = false;
    let written = 0;
    const work = others.map(async (client, index) => {
      for (let n = index + 1; !over; n += 7_919) {
        const id = (n % 200_000) + 1;
        // Text for a bigint too: the same value in the old type and in the new one.
        if (index === 0) written += (await client.query(`update app.large set name = 'touched' where id = ${id} and name <> 'touched'`)).rowCount ?? 0;
        else expect((await client.query(`select id, amount from app.large where id = ${id}`)).rowCount).toBe(1);
      }
    });
    const end = await ended('large', asked.body.edit);
    over = true;
    await Promise.all(work);
    expect(end).toMatchObject({ state: 'applied', rows: 200_000 });
    expect((await psql.query(`select count(*)::int as n, count(*) filter (where amount = id)::int as same from app.large`)).rows).toEqual([
      { n: 200_000, same: 200_000 },
    ]);
    expect(written).toBeGreaterThan(0);
    expect((await psql.query(`select count(*)::int as n from audit.entry where table_name = 'large' and operation = 'update'`)).rows).toEqual([{ n: written }]);
    for (const client of others) await client.end();
  }, 120_000);

  it('makes new columns and rules too, and says where it can only be done in one statement', async () => {
    await create('ruled', 500);
    const added = await edit('POST', '/ruled/columns', { name: 'size', type: 'integer', required: true, default: 7, min: 0 });
    expect(await ended('ruled', added.body.edit)).toMatchObject({ state: 'applied' });
    const bounded = await edit('PATCH', '/ruled/columns/size', { min: 1, max: 9 });
    expect(await ended('ruled', bounded.body.edit)).toMatchObject({ state: 'applied' });
    expect(await leftovers('ruled')).toEqual([]);
    expect(
      (await psql.query(`select conname::text as name, convalidated as valid from pg_constraint where conrelid = 'app.ruled'::regclass and contype = 'c'`))
        .rows,
    ).toEqual([{ name: 'lakeloop:range:8', valid: true }]);
    await psql.query(`create view app.ruled_names as select amount from app.ruled`);
    expect((await edit('PATCH', '/ruled/columns/amount?dryRun=true', { type: 'integer' })).body).toMatchObject({
      inSteps: false,
      blocks: 'rule _RETURN on view app.ruled_names',
    });
    expect((await edit('POST', '', { name: 'x', columns: [{ name: 'lakeloop:new:1', type: 'text' }] })).status).toBe(400);
  });

  it('leaves nothing behind in a table that psql renames meanwhile, and edits archived ones', async () => {
    await create('renamed', 1_500);
    const before = await columnsOf('renamed');
    const renamed = Promise.withResolvers<void>();
    const disarm = arm('tables.steps.after-page', async () => {
      disarm();
      await psql.query('alter table app.renamed rename to "it\'s other"');
      renamed.resolve();
    });
    const { body } = await edit('PATCH', '/renamed/columns/amount', { type: 'integer' });
    await renamed.promise;
    expect(await ended("it's other", body.edit)).toMatchObject({ state: 'failed' });
    await psql.query('alter table app."it\'s other" rename to renamed');
    expect(await leftovers('renamed')).toEqual([]);
    expect(await columnsOf('renamed')).toEqual(before);
    expect((await edit('POST', '/renamed/archive', {})).status).toBe(200);
    const archived = await edit('PATCH', '/renamed/columns/amount', { type: 'integer', min: 0 });
    expect(await ended('renamed', archived.body.edit)).toMatchObject({ state: 'applied' });
    expect((await edit('POST', '/renamed/restore', {})).status).toBe(200);
    expect(await columnsOf('renamed')).toContain('amount bigint');
  });

  it('ends by itself where psql renames the column meanwhile, and its writers go on', async () => {
    await create('moved', 1_500);
    const disarm = arm('tables.steps.after-page', async () => {
      disarm();
      await psql.query('alter table app.moved rename column amount to total');
    });
    const { body } = await edit('PATCH', '/moved/columns/amount', { type: 'integer' });
    expect(await ended('moved', body.edit)).toMatchObject({ state: 'failed' });
    expect(await leftovers('moved')).toEqual([]);
    expect((await psql.query(`update app.moved set name = 'x', total = '7' where id = 1`)).rowCount).toBe(1);
    expect(await columnsOf('moved')).toContain('total text');
  });

  it('takes names that look like the end of a quoting', async () => {
    await create('quoted', 500);
    for (const name of ['a$lakeloop$b', "it's $body$", '@table'])
      expect((await edit('POST', '/quoted/columns', { name, type: 'text' })).body).toMatchObject({ applied: true });
    for (const name of ['a$lakeloop$b', "it's $body$"]) {
      const { body } = await edit('PATCH', `/quoted/columns/${encodeURIComponent(name)}`, { type: 'integer' });
      expect(await ended('quoted', body.edit)).toMatchObject({ state: 'applied' });
    }
    await psql.query('truncate app.quoted');
    expect((await psql.query(`select count(*)::int as n from audit.entry where table_name = 'quoted' and operation = 'truncate'`)).rows).toEqual([{ n: 501 }]);
  });

  it('is refused at once where a rule makes no sense', async () => {
    await create('sensible', 500);
    expect((await edit('POST', '/sensible/columns', { name: 'due', type: 'timestamp', min: 'nonsense' })).status).toBe(400);
    expect((await call('GET', '/v1/tables/sensible/edits')).body).toMatchObject({ inSteps: null });
    expect(await leftovers('sensible')).toEqual([]);
  });
});
