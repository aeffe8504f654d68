import type pg from 'pg';

/** Runs `work` in one transaction on a connection of its own: commits when it resolves, rolls back when it rejects. A connection that can't roll back is destroyed. */
export async function transaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>, begin = 'begin'): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    await rollBack(client);
    throw error;
  }
}

/** Ends the transaction of a connection that was taken from a pool, and gives the connection back. One that can't roll back is destroyed. */
export async function rollBack(client: pg.PoolClient): Promise<void> {
  let broken: Error | undefined;
  await client.query('rollback').catch((failure: Error) => (broken = failure));
  client.release(broken);
}
