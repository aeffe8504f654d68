import type pg from 'pg';
import { Failure } from '#libs/failure/failure';

/**
 * What the server must be before anything is created on it: one that writes a log with logical decoding. Throws `misconfigured` for a wrong `wal_level`, and
 * `dependency-unavailable` for a standby: the publication and the marks of snapshots can only be written on a primary, and a promotion makes it one.
 */
export async function checkServer(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ level: string; standby: boolean }>(`select current_setting('wal_level') as level, pg_is_in_recovery() as standby`);
  if (rows[0]?.standby)
    throw new Failure('dependency-unavailable', 'the server is a standby: capture waits for its promotion; DATABASE_URL must name the primary');
  if (rows[0]?.level !== 'logical')
    throw new Failure('misconfigured', `wal_level is ${rows[0]?.level}: run ALTER SYSTEM SET wal_level = 'logical' and restart PostgreSQL`);
}
