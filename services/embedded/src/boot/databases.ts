import pg from 'pg';
import { quoteIdentifier } from '#libs/postgres/identifiers';

/** The data, and the queues beside it: one job is thousands of bytes of WAL, and a publication's filter would not spare their decoding. */
export const DATABASE = 'lakeloop';
export const QUEUE_DATABASE = 'lakeloop_queue';

/** Creates the databases that are missing. `url` is the superuser's, in any database. */
export async function ensureDatabases(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>('select datname from pg_database');
    for (const name of [DATABASE, QUEUE_DATABASE]) {
      if (!rows.some(({ datname }) => datname === name)) await client.query(`create database ${quoteIdentifier(name)}`);
    }
    // Queues are never the record: the reconciler derives a job that a crash lost anew, so a job need not wait for the disk.
    await client.query(`alter database ${quoteIdentifier(QUEUE_DATABASE)} set synchronous_commit = off`);
  } finally {
    await client.end();
  }
}
