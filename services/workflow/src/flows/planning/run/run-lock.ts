import pg from 'pg';

/** Advisory lock of the one run that may be on, over all processes. */
const LOCK = "hashtextextended('lakeloop.planning.run', 0)";

/**
 * Runs `work` if no process has a run on, else answers `busy`. The lock belongs to a connection: when its process dies or the connection breaks, it is free. What then
 * still runs can't publish: the next holder buries its row first, and publishing asks for that row.
 */
export async function withRunLock<T>(connectionString: string, work: () => Promise<T>): Promise<T | 'busy'> {
  const client = new pg.Client({ connectionString, application_name: 'lakeloop-planning-run', keepAlive: true });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ taken: boolean }>(`select pg_try_advisory_lock(${LOCK}) as taken`);
    return rows[0]?.taken ? await work() : 'busy';
  } finally {
    await client.end().catch(() => undefined);
  }
}
