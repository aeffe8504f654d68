import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgrestClient } from '@supabase/postgrest-js';
import { type BothLayers, bothLayers, LAKE_ENGINES } from '../testing/both-layers.ts';

describe.each(LAKE_ENGINES)('with a lakehouse of %s', (engine) => {
  let layers: BothLayers;

  beforeAll(async () => {
    layers = await bothLayers(
      engine,
      `
    create schema app;
    create table app.customers (id integer primary key, name text, segment_id integer, secret text default 'x');
    insert into app.customers values (1, 'Ann', 10), (2, 'Bob', 20), (3, 'Cy', null), (4, 'Di', 10)`,
    );
    const { lakehouse, database } = layers;
    await lakehouse.ensureTable(
      { schema: 'lake', name: 'segment' },
      {
        columns: [
          { name: 'id', type: 'long' },
          { name: 'label', type: 'string' },
          { name: 'score', type: { decimal: { precision: 5, scale: 2 } } },
        ],
      },
    );
    await lakehouse.append(
      { schema: 'lake', name: 'segment' },
      {
        rows: [
          { id: 10n, label: 'gold', score: '9.50' },
          { id: 20n, label: 'tin', score: '1.00' },
        ],
      },
    );
    await lakehouse.ensureTable(
      { schema: 'app', name: 'visit' },
      {
        columns: [
          { name: 'customer', type: 'integer' },
          { name: 'at', type: 'timestamp' },
          { name: 'pages', type: 'integer' },
        ],
      },
    );
    await lakehouse.append(
      { schema: 'app', name: 'visit' },
      {
        rows: [
          { customer: 1, at: '2024-01-01T00:00:00Z', pages: 3 },
          { customer: 1, at: '2024-01-02T00:00:00Z', pages: 1 },
          { customer: 2, at: '2024-01-03T00:00:00Z', pages: 7 },
        ],
      },
    );
    await database.client.query(`create table app.items (id integer primary key, segment_id integer);
      create table app.calls (id integer primary key, customer_id integer references app.customers, note text);
      insert into app.calls values (1, 1, 'hello'), (2, 1, 'again');
      grant select on app.calls to analyst;
      insert into app.items select g, case when g % 2 = 0 then 10 else g end from generate_series(1, 900) g;
      insert into lakeloop.relationship values
        ('item_segment', 'app', 'items', 'segment_id', 'lake', 'segment', 'id', true),
    ('customer_segment', 'app', 'customers', 'segment_id', 'lake', 'segment', 'id', true), ('customer_visits', 'app', 'customers', 'id', 'app', 'visit', 'customer', false)`);
    await layers.policy({
      roles: {
        analyst: {
          'app.customers': { select: { columns: ['id', 'name', 'segment_id'] }, insert: { columns: '*' } },
          'app.items': { select: { columns: '*' } },
          'lake.segment': { home: 'lakehouse', select: { columns: '*' } },
          'app.visit': { home: 'lakehouse', select: { columns: '*', rows: { op: 'gt', column: 'pages', value: { literal: '1' } } } },
        },
        approver: { 'app.customers': { select: { columns: '*' } } },
      },
    });
  });
  afterAll(() => layers.stop());

  const json = async (path: string, options: Parameters<BothLayers['send']>[1] = {}): Promise<unknown> => {
    const { status, body } = await layers.send(path, options);
    return status < 300 ? JSON.parse(body) : [status, (JSON.parse(body) as { code: string }).code];
  };

  describe('a table is served from its home', () => {
    it('also in a schema that PostgreSQL has, and for the unchanged client', async () => {
      expect(await json('visit?select=customer,pages&order=pages')).toEqual([
        { customer: 1, pages: 3 },
        { customer: 2, pages: 7 },
      ]);
      const client = new PostgrestClient(`${layers.service.url}/rest/v1`, {
        schema: 'lake',
        headers: { authorization: `Bearer ${await layers.service.token('analyst')}` },
      }) as unknown as PostgrestClient<never, never, never>;
      const { data, count } = await client.from('segment').select('label', { count: 'exact' }).gt('score', 1).order('label');
      expect([data, count]).toEqual([[{ label: 'gold' }], 1]);
      expect(await client.from('segment').select('*').eq('id', 20).single()).toMatchObject({ data: { id: 20, label: 'tin', score: 1 } });
    });

    it('and one that neither has is 404, a schema that neither has 406, as ever', async () => {
      expect(await json('nowhere')).toEqual([404, 'PGRST205']);
      expect(await json('nowhere', { schema: 'void' })).toEqual([406, 'PGRST106']);
    });

    it('which is PostgreSQL where both have the name', async () => {
      await layers.lakehouse.ensureTable({ schema: 'app', name: 'customers' }, { columns: [{ name: 'other', type: 'long' }] });
      expect(await json('customers?select=id&id=eq.1')).toEqual([{ id: 1 }]);
    });

    it('and not written to in the lakehouse', async () => {
      const { status, body, headers } = await layers.send('segment?id=eq.10', { schema: 'lake', method: 'DELETE' });
      expect([status, headers.get('allow'), JSON.parse(body)]).toMatchObject([
        405,
        'GET, HEAD',
        { code: '25006', message: expect.stringContaining('lake.segment'), details: null },
      ]);
    });

    it('which tells how long each part took', async () => {
      const postgres = await layers.send('customers?select=id');
      const lake = await layers.send('segment', { schema: 'lake' });
      expect(postgres.headers.get('server-timing')).toMatch(/^parse;dur=[\d.]+, postgres;dur=[\d.]+$/);
      expect(lake.headers.get('server-timing')).toMatch(
        /^parse;dur=[\d.]+, policy;dur=[\d.]+, postgres;dur=[\d.]+, queue;dur=[\d.]+, lakehouse;dur=[\d.]+, serialise;dur=[\d.]+$/,
      );
    });
  });

  describe('rows of PostgreSQL with related ones of the lakehouse', () => {
    it('come as an object, or as lists, under both policies', async () => {
      expect(await json('customers?select=id,segment(label,score),visits:visit(pages)&order=id')).toEqual([
        { id: 1, segment: { label: 'gold', score: 9.5 }, visits: [{ pages: 3 }] },
        { id: 2, segment: { label: 'tin', score: 1 }, visits: [{ pages: 7 }] },
        { id: 3, segment: null, visits: [] },
        { id: 4, segment: { label: 'gold', score: 9.5 }, visits: [] },
      ]);
      expect(
        await json('customers?select=id,name,segment_id,segment!customer_segment(*)&id=eq.2', { headers: { accept: 'application/vnd.pgrst.object+json' } }),
      ).toEqual({
        id: 2,
        name: 'Bob',
        segment_id: 20,
        segment: { id: 20, label: 'tin', score: 1 },
      });
    });

    it('take filters, order and limit of their own', async () => {
      expect(await json('customers?select=id,visit(pages)&visit.pages=gt.5&visit.order=pages.desc&visit.limit=1&id=lte.2&order=id')).toEqual([
        { id: 1, visit: [] },
        { id: 2, visit: [{ pages: 7 }] },
      ]);
    });

    it('stand beside related ones of PostgreSQL', async () => {
      expect(await json('customers?select=id,segment(label),calls(note)&calls.order=id.desc&id=lte.2&order=id')).toEqual([
        { id: 1, segment: { label: 'gold' }, calls: [{ note: 'again' }, { note: 'hello' }] },
        { id: 2, segment: { label: 'tin' }, calls: [] },
      ]);
      expect(await json('customers?select=id,segment(label),calls!inner(id)&order=id')).toEqual([
        { id: 1, segment: { label: 'gold' }, calls: [{ id: 1 }, { id: 2 }] },
      ]);
    });

    it('are found by hundreds of keys', async () => {
      const rows = (await json('items?select=id,segment(label)')) as { segment: { label: string } | null }[];
      expect([rows.length, rows.filter(({ segment }) => segment?.label === 'gold').length]).toEqual([900, 450]);
    });

    it('cost one query of the lakehouse, whatever the page', async () => {
      const { headers } = await layers.send('customers?select=id,segment(label)');
      expect(headers.get('server-timing')).toContain('lakehouse;dur=');
    });

    it('are refused where they can not be had', async () => {
      expect(await json('customers?select=id,segment!inner(label)')).toEqual([400, 'PGRST127']);
      expect(await json('customers?select=id,other(label)')).toEqual([400, 'PGRST200']);
      expect(await json('customers?select=id,segment!nothing(label)')).toEqual([400, 'PGRST200']);
      expect(await json('customers?select=id,segment(nothing)')).toEqual([400, '42703']);
      expect(await json('customers?select=id,segment(label)', { role: 'approver' })).toEqual([403, '42501']);
      expect(await json('customers?select=id,secret,segment(label)')).toEqual([403, '42501']);
      expect(await json('customers?select=count(),segment(label)')).toEqual([400, 'PGRST127']);
      expect(await json('customers?select=id,...segment(label)')).toEqual([400, 'PGRST127']);
      expect(await json('customers?select=id,segment(label)&order=segment(label)')).toEqual([400, 'PGRST108']);
      expect(await json('customers?select=id,segment(label)', { headers: { accept: 'text/csv' } })).toEqual([406, 'PGRST107']);
      expect(await json('visit', { headers: { accept: 'text/csv' } })).toEqual([406, 'PGRST107']);
      expect(await json('visit?order=customers(id)')).toEqual([400, 'PGRST108']);
    });
  });
});
