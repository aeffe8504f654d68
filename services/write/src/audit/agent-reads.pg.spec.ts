import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import pg from 'pg';
import { type BothLayers, bothLayers, type Reply } from '../testing/both-layers.ts';

const ROWS = 6_000;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const BOT = { sub: 'ann', act: { sub: 'bot' } };

let layers: BothLayers;

beforeAll(async () => {
  layers = await bothLayers(
    'delta',
    `create schema app; create table app.orders (id integer primary key, segment integer, note text);
     insert into app.orders values (1, 10, 'a'), (2, 10, 'b'), (3, 20, 'top secret')`,
  );
  const { lakehouse, database } = layers;
  const table = { schema: 'lake', name: 'segment' };
  await lakehouse.ensureTable(table, {
    columns: [
      { name: 'id', type: 'long' },
      { name: 'label', type: 'string' },
    ],
  });
  await lakehouse.append(table, { rows: Array.from({ length: ROWS }, (_, id) => ({ id: BigInt(id), label: `label ${id} `.padEnd(80, '.') })) });
  await database.client.query(`insert into lakeloop.relationship values ('s', 'app', 'orders', 'segment', 'lake', 'segment', 'id', true)`);
  const rules = { 'app.orders': { select: { columns: '*' } }, 'lake.segment': { home: 'lakehouse', select: { columns: '*' } } } as const;
  await layers.policy({ roles: { analyst: rules, agent: rules } });
});
afterAll(() => layers.stop());
afterEach(async () => {
  await layers.database.client.query(`grant insert on audit.agent_read_begin, audit.agent_read_end to lakeloop_write;
    truncate audit.agent_read_begin, audit.agent_read_end`);
});

const recorded = async (): Promise<Record<string, unknown>[]> =>
  (await layers.database.client.query<Record<string, unknown>>(`select *, encode(result_hash, 'hex') as hash from audit.agent_read order by at`)).rows;
const ask = (path: string, options: Parameters<BothLayers['send']>[1] = {}): Promise<Reply> => layers.send(path, { claims: BOT, ...options });
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe("an agent's read", () => {
  it('is on record with who, what and how much, and without a value', async () => {
    const headers = { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, 'x-request-id': 'r1', 'lakeloop-reason': 'a question' };
    const { body } = await ask('orders?select=id,n:note&note=eq.top%20secret&or=(id.gt.1,not.and(id.in.(1,2),note.is.null))&order=id.desc&limit=5', {
      headers,
    });
    expect(body).toBe('[{"id":3,"n":"top secret"}]');
    expect(await recorded()).toMatchObject([
      {
        actor: 'ann',
        agent: 'bot',
        on_behalf_of: 'ann',
        role: 'analyst',
        home: 'postgres',
        table_schema: 'app',
        table_name: 'orders',
        query: 'select=id,n:note&note=eq.?&or=(id.gt.?,not.and(id.in.(?),note.is.null))&order=id.desc&limit=5',
        policy_version: 1,
        rows: '1',
        hash: sha256(body),
        request_id: 'r1',
        trace_id: TRACE,
        reason: 'a question',
        login: 'lakeloop_write',
      },
    ]);
  });

  it('is on record whichever layer it goes to, for groups, related rows, HEAD and /v1/query', async () => {
    const agent = { claims: { sub: 'bot' }, role: 'agent' };
    await ask('segment?select=count()&id=lt.5', { ...agent, schema: 'lake' });
    await ask('orders?select=id,s:segment(label)&s.label=like.*1*&id=lt.3', agent);
    await ask('orders', { ...agent, method: 'HEAD' });
    const authorization = `Bearer ${await layers.service.token('agent', { sub: 'bot' })}`;
    await fetch(`${layers.service.url}/v1/query`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ path: 'segment?label=eq.x', schema: 'lake' }),
    });
    const shown = (await recorded()).map(({ agent: who, on_behalf_of: whom, home, table_name: table, query, rows }) => [who, whom, home, table, query, rows]);
    expect(shown).toEqual([
      ['bot', null, 'lakehouse', 'segment', 'select=count()&id=lt.?', '1'],
      ['bot', null, 'both', 'orders', 'select=id,s:segment(label)&id=lt.?&s.label=like.?', '2'],
      ['bot', null, 'postgres', 'orders', 'select=*', '3'],
      ['bot', null, 'lakehouse', 'segment', 'select=*&label=eq.?', '0'],
    ]);
  });

  it('that is streamed is on record before its first row, and its hash before its last', async () => {
    const { body, headers } = await ask('segment?order=id', { schema: 'lake' });
    expect([headers.get('transfer-encoding'), (JSON.parse(body) as object[]).length]).toEqual(['chunked', ROWS]);
    expect(await recorded()).toMatchObject([{ rows: String(ROWS), hash: sha256(body), ended_at: expect.any(Date) }]);
  });

  it('that was not read to its end has no hash', async () => {
    const authorization = `Bearer ${await layers.service.token('analyst', BOT)}`;
    const reply = await fetch(`${layers.service.url}/rest/v1/segment?order=id`, { headers: { authorization, 'accept-profile': 'lake' } });
    const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    expect(await recorded()).toMatchObject([{ rows: String(ROWS) }]);
  });

  it('is refused where it can not be recorded, and broken off where its end can not', async () => {
    const { client } = layers.database;
    await client.query('revoke insert on audit.agent_read_end from lakeloop_write');
    await expect(ask('segment?order=id', { schema: 'lake' })).rejects.toThrow();
    await client.query('revoke insert on audit.agent_read_begin from lakeloop_write');
    for (const schema of ['app', 'lake']) {
      const { status, body, headers } = await ask(schema === 'app' ? 'orders' : 'segment', { schema });
      expect([status, headers.get('retry-after'), JSON.parse(body)]).toMatchObject([503, '1', { code: 'PGRST133' }]);
    }
    expect((await ask('orders', { claims: { sub: 'ann' } })).status).toBe(200);
  });

  it('that is refused, and a write, leave nothing', async () => {
    expect((await ask('orders?select=nothing')).status).toBe(400);
    expect((await ask('orders', { role: 'approver' })).status).toBe(403);
    expect(await recorded()).toEqual([]);
  });
});

describe("a person's read", () => {
  it('leaves nothing, on either layer', async () => {
    const claims = { sub: 'ann' };
    expect((await ask('orders?select=id,segment(*)', { claims })).status).toBe(200);
    expect((await ask('segment?order=id', { claims, schema: 'lake' })).status).toBe(200);
    expect(await recorded()).toEqual([]);
  });
});

describe('the record', () => {
  it('is read by auditors and administrators, and only added to by the service', async () => {
    await ask('orders');
    const may = async (role: string, sql: string): Promise<unknown> => {
      const client = new pg.Client({ connectionString: layers.database.url });
      await client.connect();
      try {
        await client.query(`set role ${role}`);
        return (await client.query(sql)).rowCount;
      } catch (error) {
        return (error as { code: string }).code;
      } finally {
        await client.end();
      }
    };
    const read = 'select from audit.agent_read';
    expect([await may('auditor', read), await may('administrator', read), await may('analyst', read), await may('agent', read)]).toEqual([
      1,
      1,
      '42501',
      '42501',
    ]);
    const changes = ['select from audit.agent_read_begin', 'delete from audit.agent_read_begin', `update audit.agent_read_begin set rows = 0`];
    for (const change of changes) expect([change, await may('lakeloop_write', change)]).toEqual([change, '42501']);
  });
});
