import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '#libs/testing/postgres';
import { governedDatabase, startWriteApp, untilReady, type WriteApp } from '../testing/write-app.ts';

describe('aggregates', () => {
  let database: TestDatabase & { writeUrl: string };
  let service: WriteApp;
  let analyst: string;

  const send = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Response> =>
    fetch(`${service.url}/rest/v1/${path}`, { ...init, headers: { authorization: `Bearer ${analyst}`, ...headers } });
  const get = async (path: string): Promise<unknown> => {
    const reply = await send(path);
    const body = (await reply.json()) as { code: string };
    return reply.status === 200 ? body : [reply.status, body.code];
  };

  beforeAll(async () => {
    database = await governedDatabase();
    await database.client.query(`
      create schema app; grant usage on schema app to analyst;
      create table app.items (id integer primary key, amount numeric); grant select, update on app.items to analyst;
      create table app.sales (id integer primary key, region text, at timestamp, amount numeric(10,2), units integer, data jsonb);
      insert into app.sales values (1, 'n', '2024-01-01 10:00', 1.50, 1, '{"k":"x"}'), (2, 'n', '2024-01-01 11:00', 2.25, 2, '{"k":"y"}'),
        (3, 's', '2024-01-02 10:00', null, 4, '{"k":"x"}'), (4, null, null, 10.00, null, null);
      grant select on app.sales to analyst`);
    service = await startWriteApp(database.writeUrl);
    await untilReady(service.url);
    analyst = await service.token('analyst');
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  it("group by what else is selected, under PostgREST's names", async () => {
    expect(await get('sales?select=region,count(),amount.sum(),n:units.count()&order=region')).toEqual([
      { region: 'n', count: 2, sum: 3.75, n: 2 },
      { region: 's', count: 1, sum: null, n: 1 },
      { region: null, count: 1, sum: 10, n: 0 },
    ]);
    expect(await get('sales?select=day:at::date,units.max()&order=at::date')).toEqual([400, 'PGRST100']);
    expect(await get('sales?select=day:at::date,units.max()&at=not.is.null')).toHaveLength(2);
    expect(await get('sales?select=k:data->>k,id.min(),a:id.avg()::text&data=not.is.null')).toEqual(
      expect.arrayContaining([{ k: 'x', min: 1, a: '2.0000000000000000' }, expect.objectContaining({ k: 'y', min: 2 })]),
    );
    expect(await get('sales?select=count(),units::text.max()&region=eq.none')).toEqual([{ count: 0, max: null }]);
    expect(await get('sales?select=*,count()&id=eq.1')).toMatchObject([{ id: 1, region: 'n', count: 1 }]);
  });

  it('count groups, and refuse what SQL refuses', async () => {
    const { headers } = await send('sales?select=region,count()&limit=1', { prefer: 'count=exact' });
    expect(headers.get('content-range')).toBe('0-0/3');
    expect(await get('sales?select=region,count()&order=units')).toEqual([400, '42803']);
    expect(await get('sales?select=region.sum()')).toEqual([404, '42883']);
    expect(await get('sales?select=id,segment(*)')).toEqual([400, 'PGRST200']);
    const written = await send(
      'items?id=eq.-1&select=amount.sum()',
      { prefer: 'return=representation', 'content-type': 'application/json' },
      { method: 'PATCH', body: '{"amount":1}' },
    );
    expect([written.status, await written.json()]).toMatchObject([400, { code: 'PGRST123' }]);
  });

  it('can be turned off', async () => {
    const without = await startWriteApp(database.writeUrl, { REST_AGGREGATES: false });
    await untilReady(without.url);
    const reply = await fetch(`${without.url}/rest/v1/sales?select=count()`, { headers: { authorization: `Bearer ${analyst}` } });
    expect([reply.status, await reply.json()]).toMatchObject([400, { code: 'PGRST123' }]);
    await without.stop();
  });
});
