import type pg from 'pg';

/**
 * What a session of capture fixes so that a database's or role's own settings change no byte of what it reads (envelope.md), and no name in its
 * queries means another's table or function. `lc_monetary` C prints money with a dot and two digits.
 */
export const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '3',
  lc_monetary: 'C',
  search_path: '',
  quote_all_identifiers: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_session_timeout: '0',
};

/** Applies them. The settings outrank those of the role and the database. */
export async function pinSettings(client: pg.Client): Promise<void> {
  for (const [name, value] of Object.entries(SESSION_SETTINGS)) await client.query(`SET ${name} = '${value}'`);
}
