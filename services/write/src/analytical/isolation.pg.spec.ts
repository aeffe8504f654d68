import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Lakehouse, LakeRelation } from '#libs/lakehouse/lakehouse';
import { type BothLayers, bothLayers, type Engine, LAKE_ENGINES } from '../testing/both-layers.ts';
import type { WriteConfig } from '../write-settings.ts';

const ROWS = 100_000;
/** Told of each table that a query opens: it has its place by then. */
let opened: (table: string) => void = () => undefined;

/** The real engine; only what stands for `lake.endless` is a query that never ends, and for `lake.many` one of many rows. */
function withHugeTables(lakehouse: Lakehouse): Lakehouse {
  const id = lakehouse.dialect === 'duckdb' ? 'range as id' : 'id';
  const failing = `case when id = ${10 * ROWS - 1} then cast(error('broken') as bigint) else id end`;
  const huge: Record<string, string> = {
    endless: `(select ${id} from range(1000000000000))`,
    many: `(select ${id} from range(${ROWS}))`,
    // Both fail in their last row, which is further on than the engine works ahead of its reader.
    broken: `(select ${failing} as id from (select ${id} from range(${10 * ROWS})) as r)`,
    half: `(select ${failing} as id from (select ${id} from range(${10 * ROWS})) as r where id < 5 or id = ${10 * ROWS - 1})`,
  };
  return new Proxy(lakehouse, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'relation') return (value as () => unknown).bind(target);
      return async (table: { schema: string; name: string }): Promise<LakeRelation> => {
        opened(table.name);
        const relation = await target.relation(table);
        return { ...relation, sql: huge[table.name] ?? relation.sql, release: () => relation.release() };
      };
    },
  });
}

async function open(engine: Engine, config: Partial<WriteConfig>): Promise<BothLayers> {
  const layers = await bothLayers(engine, 'create schema app; create table app.orders (id integer primary key, note text)', config, withHugeTables);
  const names = ['endless', 'many', 'broken', 'half', 'small'];
  for (const name of names) {
    await layers.lakehouse.ensureTable({ schema: 'lake', name }, { columns: [{ name: 'id', type: 'long' }] });
    await layers.lakehouse.append({ schema: 'lake', name }, { rows: [{ id: 1n }] });
  }
  const select = { select: { columns: '*' } } as const;
  const tables = Object.fromEntries(names.map((name) => [`lake.${name}`, { home: 'lakehouse', ...select } as const]));
  await layers.policy({ roles: { analyst: { 'app.orders': { ...select, insert: { columns: '*' } }, ...tables } } });
  return layers;
}

describe.each(LAKE_ENGINES)('with a lakehouse of %s', (engine) => {
  describe('analytical queries', () => {
    let layers: BothLayers;
    beforeAll(async () => {
      layers = await open(engine, { LAKEHOUSE_QUERY_CONCURRENCY: 1, LAKEHOUSE_QUERY_QUEUE: 0, DB_POOL_MAX: 4 });
    });
    afterAll(() => layers.stop());

    const lake = (path: string): Promise<{ status: number; body: string; headers: Headers }> => layers.send(path, { schema: 'lake' });
    const until = async (path: string, status: number): Promise<void> => {
      for (let got = 0; got !== status;) ({ status: got } = await lake(path));
    };

    /** Nothing runs in the warehouse any more: a statement that nobody waits for is cancelled there. */
    const stopped = async (): Promise<void> => {
      while ((layers.double?.service.openOperations.length ?? 0) > 0) await lake('small');
    };

    it('leave every transactional request its place, and are stopped when their client goes', async () => {
      const client = new AbortController();
      // Nothing else may ask before it has the one place there is, or it would be sent away itself.
      const placed = new Promise<void>((resolve) => {
        opened = (table) => table === 'endless' && resolve();
      });
      const authorization = `Bearer ${await layers.service.token('analyst')}`;
      const url = `${layers.service.url}/rest/v1/endless?select=id.sum()`;
      const endless = fetch(url, { headers: { authorization, 'accept-profile': 'lake' }, signal: client.signal }).catch(
        (error: unknown) => (error as Error).name,
      );
      await placed;
      expect((await lake('small')).status).toBe(429);
      const transactional = await Promise.all(
        Array.from({ length: 40 }, (_, id) =>
          id % 2 === 0
            ? layers.send('orders?limit=1')
            : fetch(`${layers.service.url}/rest/v1/orders`, {
                method: 'POST',
                headers: { authorization, 'content-type': 'application/json' },
                body: JSON.stringify({ id }),
              }),
        ),
      );
      expect(transactional.map(({ status }) => status)).toEqual(Array.from({ length: 40 }, (_, id) => (id % 2 === 0 ? 200 : 201)));
      const refused = await lake('small');
      expect([refused.status, refused.headers.get('retry-after'), JSON.parse(refused.body)]).toMatchObject([
        429,
        '1',
        { code: 'PGRST003', hint: expect.any(String) },
      ]);
      client.abort();
      expect(await endless).toBe('AbortError');
      // The place is given back only when the engine has stopped.
      await until('small', 200);
      await stopped();
    }, 30_000);

    it('stream long answers, with the dialect of short ones', async () => {
      const reply = await lake('many?order=id');
      expect([reply.status, reply.headers.get('content-range'), reply.headers.get('transfer-encoding')]).toEqual([200, `0-${ROWS - 1}/*`, 'chunked']);
      const rows = JSON.parse(reply.body) as { id: number }[];
      expect([rows.length, rows[0], rows.at(-1)]).toEqual([ROWS, { id: 0 }, { id: ROWS - 1 }]);
      await until('small', 200);
    });

    it('that fail after their first rows break the connection off, so that none passes for a whole answer', async () => {
      // The double's own engine would tell an error as an end: the warehouse itself breaks here.
      layers.double?.fail({ on: 'FetchResults', with: 500, after: 25 });
      const authorization = `Bearer ${await layers.service.token('analyst')}`;
      const table = layers.double ? 'many' : 'broken';
      const reply = await fetch(`${layers.service.url}/rest/v1/${table}`, { headers: { authorization, 'accept-profile': 'lake' } });
      expect(reply.status).toBe(200);
      await expect(reply.text()).rejects.toThrow('terminated');
      if (!layers.double) expect((await lake('half')).status).toBe(400);
      await until('small', 200);
    });

    it('that are read no further than their beginning give their place back', async () => {
      const authorization = `Bearer ${await layers.service.token('analyst')}`;
      const reply = await fetch(`${layers.service.url}/rest/v1/endless?limit=5000000`, { headers: { authorization, 'accept-profile': 'lake' } });
      const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
      const { value } = await reader.read();
      expect(
        Buffer.from(value as Uint8Array)
          .toString()
          .startsWith('[{"id":'),
      ).toBe(true);
      expect((await lake('small')).status).toBe(429);
      await reader.cancel();
      await until('small', 200);
      await stopped();
    }, 30_000);
  });

  describe('the bounds of analytical queries', () => {
    let layers: BothLayers;
    beforeAll(async () => {
      layers = await open(engine, { LAKEHOUSE_QUERY_CONCURRENCY: 1, LAKEHOUSE_QUERY_QUEUE: 4, LAKEHOUSE_QUERY_WAIT_MS: 50, LAKEHOUSE_QUERY_TIMEOUT_MS: 1_500 });
    });
    afterAll(() => layers.stop());

    it('end a statement after its time, and a wait after its own', async () => {
      const replies = await Promise.all([1, 2].map(() => layers.send('endless?select=id.sum()', { schema: 'lake' })));
      const codes = replies.map(({ status, body }) => [status, (JSON.parse(body) as { code: string }).code]);
      expect(codes.toSorted()).toEqual([
        [500, '57014'],
        [503, 'PGRST003'],
      ]);
      expect((await layers.send('small', { schema: 'lake' })).status).toBe(200);
    }, 30_000);
  });
});
