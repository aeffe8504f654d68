import type pg from 'pg';
import { endsSession, exchange, type PipelineStep, type Row, sessionChanged } from './exchange.ts';
import { lanesOf } from './lanes.ts';

/**
 * Statements that go to the server in one write and come back in one read, as one transaction: the server ends it at the single Sync, and runs none
 * after one that fails (PostgreSQL manual, "Pipelining" in "Message Flow"). Resolves with the rows of each statement once it is committed; rejects with
 * the server's error once it is rolled back.
 */
export function pipeline(pool: pg.Pool, steps: readonly PipelineStep[]): Promise<Row[][]> {
  return lanesOf(pool).run(() => withClient(pool, (client) => pipelineAnew(client, steps)));
}

/**
 * The same on a connection that the caller holds: one write, one read. A `begin` among the steps opens a transaction that stays open behind them, for the
 * caller to end.
 */
export async function pipelineOn(client: pg.PoolClient, steps: readonly PipelineStep[]): Promise<Row[][]> {
  const [ended] = await exchange(client, [steps]);
  if (ended?.status === 'fulfilled') return ended.value;
  throw ended?.reason;
}

/** A connection of the pool for `work`; one whose session has ended does not go back. */
export async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    return await work(client);
  } catch (error) {
    if (endsSession(error)) broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}

/** The same once more where the session turns out to have forgotten what it had prepared. */
export async function pipelineAnew(client: pg.PoolClient, steps: readonly PipelineStep[]): Promise<Row[][]> {
  try {
    return await pipelineOn(client, steps);
  } catch (error) {
    if (sessionChanged(client, error)) return pipelineOn(client, steps);
    throw error;
  }
}
