import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DatabricksDouble } from '#libs/testing/databricks/databricks-double';
import { uniqueName } from '#libs/testing/postgres';
import { type BothLayers, bothLayers } from '../testing/both-layers.ts';

/** A role that no rule is for. */
const unnamed = uniqueName('unnamed');
let layers: BothLayers;
let double: DatabricksDouble;

beforeAll(async () => {
  layers = await bothLayers(
    'databricks',
    `create schema app; create table app.orders (id integer primary key, amount integer, secret text); create role ${unnamed} nologin; grant ${unnamed} to lakeloop_write`,
    { LAKEHOUSE_USER_TOKEN: true, REST_ANON_ROLE: 'analyst' },
  );
  double = layers.double as DatabricksDouble;
  const columns = [
    { name: 'id', type: 'integer' },
    { name: 'amount', type: 'integer' },
    { name: 'secret', type: 'string' },
  ] as const;
  const rows = [1, 2, 3].map((id) => ({ id, amount: id * 10, secret: 'x' }));
  const tables = { free: {}, ruled: {}, orders_current: { 'lakeloop.source': 'app.orders' } } as const;
  for (const [name, properties] of Object.entries(tables)) {
    await layers.lakehouse.ensureTable({ schema: 'lake', name }, { columns, properties });
    await layers.lakehouse.append({ schema: 'lake', name }, { rows });
  }
  const filtered = { columns: ['id', 'amount'], rows: { op: 'gt', column: 'amount', value: { claim: 'floor' } } } as const;
  await layers.policy({ roles: { analyst: { 'app.orders': { select: filtered }, 'lake.ruled': { home: 'lakehouse', select: filtered } } } });
});
afterAll(async () => {
  await layers.database.client.query(`drop role ${unnamed}`);
  await layers.stop();
});
beforeEach(() => {
  double.sessions.length = 0;
  double.statements.length = 0;
  double.denied.clear();
});

/** A request of a user whom the warehouse knows by the same token. */
async function ask(user: string | undefined, path: string, role = 'analyst'): Promise<{ status: number; body: unknown; challenge: string | null }> {
  const headers: Record<string, string> = { 'accept-profile': 'lake' };
  if (user !== undefined) {
    const token = await tokenOf(user, role);
    double.rest.tokens.set(token, user);
    headers['authorization'] = `Bearer ${token}`;
  }
  const reply = await fetch(`${layers.service.url}/rest/v1/${path}`, { headers });
  return { status: reply.status, body: await reply.json(), challenge: reply.headers.get('www-authenticate') };
}
const tokenOf = (user: string, role = 'analyst'): Promise<string> => layers.service.token(role, { sub: user, floor: '15', exp: 4_102_444_800 });
const ids = (...list: number[]): object => ({ status: 200, body: list.map((id) => ({ id })) });
/** Whose queries ran, other than those that look a table up. */
const users = (): string[] => double.statements.filter(({ sql }) => sql.startsWith('select')).map(({ user }) => user);

describe("the caller's own token", () => {
  it("opens the session that the query runs in, and serves no other caller's", async () => {
    await Promise.all(['ann', 'bob', 'ann', 'bob'].map((user) => ask(user, 'free?select=id')));
    expect([users().toSorted(), [...new Set(double.sessions)].toSorted()]).toEqual([
      ['ann', 'ann', 'bob', 'bob'],
      ['ann', 'bob'],
    ]);
    expect(double.sessions).toHaveLength(2);
  });

  it('lets the warehouse decide over a table that no rule names', async () => {
    double.denied.add('bob lake.free');
    expect(await ask('ann', 'free?select=id&order=id')).toMatchObject(ids(1, 2, 3));
    expect(await ask('bob', 'free?select=id')).toMatchObject({ status: 403, body: { code: '42501', details: expect.stringContaining('main.lake.free') } });
    expect(await ask('ann', 'free?select=id&order=id', unnamed)).toMatchObject(ids(1, 2, 3));
  });

  it('leaves our rules in force: for tables that they name, and those derived from one', async () => {
    for (const table of ['ruled', 'orders_current']) {
      expect(await ask('ann', `${table}?select=id&order=id`)).toMatchObject(ids(2, 3));
      expect(await ask('ann', `${table}?select=secret`)).toMatchObject({ status: 403, body: { code: '42501' } });
      expect(await ask('ann', `${table}?select=id`, unnamed)).toMatchObject({ status: 403, body: { code: '42501' } });
    }
    double.denied.add('ann lake.ruled');
    expect(await ask('ann', 'ruled?select=id')).toMatchObject({ status: 403, body: { code: '42501' } });
  });

  it('is not there for a request without one: under its rule as the service, else denied', async () => {
    expect(await ask(undefined, 'ruled?select=id')).toMatchObject({ status: 200, body: [] });
    expect(users()).toEqual(['service']);
    expect(await ask(undefined, 'free?select=id')).toMatchObject({ status: 401, body: { code: '42501' } });
  });

  it('is 401 where it has expired, or the warehouse does not take it', async () => {
    const expired = await layers.service.token('analyst', { sub: 'ann', exp: Math.floor(Date.now() / 1000) - 60 });
    const send = async (token: string): Promise<unknown> => {
      const reply = await fetch(`${layers.service.url}/rest/v1/free`, { headers: { authorization: `Bearer ${token}`, 'accept-profile': 'lake' } });
      return [reply.status, ((await reply.json()) as { code: string }).code, reply.headers.get('www-authenticate')];
    };
    expect(await send(expired)).toEqual([401, 'PGRST303', expect.stringContaining('expired')]);
    expect(await send(await tokenOf('stranger'))).toEqual([401, 'PGRST301', expect.stringContaining('invalid_token')]);
    await ask('ann', 'free?select=id');
    double.rest.tokens.delete(await tokenOf('ann'));
    expect(await send(await tokenOf('ann'))).toEqual([401, 'PGRST301', expect.stringContaining('invalid_token')]);
    expect(await ask('ann', 'free?select=id&order=id')).toMatchObject(ids(1, 2, 3));
  });
});
