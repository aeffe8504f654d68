import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { QueryExplanation } from '#contracts/http/query';
import { type BothLayers, bothLayers, LAKE_ENGINES } from '../testing/both-layers.ts';

describe.each(LAKE_ENGINES)('with a lakehouse of %s', (engine) => {
  let layers: BothLayers;

  beforeAll(async () => {
    layers = await bothLayers(
      engine,
      `create schema app; create table app.orders (id integer primary key, segment integer); insert into app.orders values (1, 10), (2, 10)`,
    );
    const { lakehouse, database } = layers;
    await lakehouse.ensureTable(
      { schema: 'lake', name: 'segment' },
      {
        columns: [
          { name: 'id', type: 'long' },
          { name: 'label', type: 'string' },
        ],
      },
    );
    await lakehouse.append({ schema: 'lake', name: 'segment' }, { rows: [{ id: 10n, label: 'top secret' }] });
    await database.client.query(`insert into lakeloop.relationship values ('s', 'app', 'orders', 'segment', 'lake', 'segment', 'id', true)`);
    await layers.policy({
      roles: { analyst: { 'app.orders': { select: { columns: '*' } }, 'lake.segment': { home: 'lakehouse', select: { columns: '*' } } } },
    });
  });
  afterAll(() => layers.stop());

  async function explain(body: object, token?: string): Promise<{ status: number; body: QueryExplanation }> {
    const authorization = `Bearer ${token ?? (await layers.service.token('analyst'))}`;
    const reply = await fetch(`${layers.service.url}/v1/query`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: reply.status, body: (await reply.json()) as QueryExplanation };
  }

  describe('POST /v1/query', () => {
    it('tells where a read went, how long each part took, and the SQL without its values', async () => {
      const lake = await explain({ path: 'segment?label=eq.top secret', schema: 'lake' });
      expect(lake).toMatchObject({ status: 200, body: { home: 'lakehouse', rows: 1 } });
      expect(lake.body.parts.map(({ name }) => name)).toEqual(['parse', 'policy', 'postgres', 'queue', 'lakehouse', 'serialise']);
      expect(lake.body.statements.map(({ layer }) => layer)).toEqual(['postgres', 'lakehouse']);
      expect(JSON.stringify(lake.body)).not.toContain('top secret');
      expect((await explain({ path: '/rest/v1/orders?id=eq.1' })).body).toMatchObject({ home: 'postgres', rows: 1, statements: [{ layer: 'postgres' }] });
      expect((await explain({ path: 'orders?select=id,segment(*)' })).body).toMatchObject({ home: 'both', rows: 2 });
    });

    it('asks the lakehouse once for a page of related rows', async () => {
      const { body } = await explain({ path: 'orders?select=id,segment(*)' });
      expect(body.statements.filter(({ layer }) => layer === 'lakehouse')).toHaveLength(1);
    });

    it('refuses what the read is refused', async () => {
      expect(await explain({ path: 'nowhere' })).toMatchObject({ status: 404, body: { code: 'PGRST205' } });
      expect(await explain({ path: 'segment', schema: 'lake' }, await layers.service.token('approver'))).toMatchObject({
        status: 403,
        body: { code: '42501' },
      });
      expect((await explain({ path: '../other' })).status).toBe(400);
      expect((await explain({ path: 'orders%E0' })).status).toBe(400);
      expect((await explain({ path: 'orders' }, 'nonsense')).status).toBe(401);
    });
  });
});
