import type pg from 'pg';

/**
 * What a replication session fixes so that a database's or role's own settings change no byte of the stream (envelope.md).
 * `lc_monetary` C prints money with a dot and two digits.
 */
export const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '3',
  lc_monetary: 'C',
  search_path: '',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_session_timeout: '0',
};

/** Applies them. The settings outrank those of the role and the database. */
export async function pinSettings(client: pg.Client): Promise<void> {
  for (const [name, value] of Object.entries(SESSION_SETTINGS)) await client.query(`SET ${name} = '${value}'`);
}
