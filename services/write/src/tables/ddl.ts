import type pg from 'pg';
import { TABLE_CHANNEL } from '#libs/governance/table-channel';
import { givingWay, LOCK_TIMEOUT_MS, type Patience } from '#libs/postgres/giving-way';
import { quoteIdentifier } from '#libs/postgres/identifiers';
import { transaction } from '#libs/postgres/transaction';
import { SCHEMA_CHANNEL } from '../catalogue/catalogue-cache.ts';

export const OWNER = 'lakeloop_owner';

/** In a transaction that gives way: while it waits for its lock, everybody behind it waits too. What is cast is read and written the same in every session. */
export function patiently<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>, patience?: Patience): Promise<T> {
  const begin = `begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local "TimeZone" = 'UTC'; set local "DateStyle" = 'ISO, MDY'`;
  return givingWay(() => transaction(pool, work, begin), patience);
}

/** An owner as `regrole` has it, in quotes or not, as SQL. */
export function roleSql(owner: string): string {
  return owner.startsWith('"') ? owner : quoteIdentifier(owner);
}

/** Runs statements as a table's owner, then is the login again. */
export async function runAs(client: pg.ClientBase, owner: string, statements: readonly (string | pg.QueryConfig)[]): Promise<void> {
  const role = roleSql(owner);
  if (role !== quoteIdentifier(OWNER)) await client.query(`grant usage, create on schema lakeloop_dropped, lakeloop_archive to ${role}`);
  await client.query(`set local role ${role}`);
  for (const statement of statements) await client.query(statement);
  await client.query('set local role none');
}

/** At the commit the row API follows, and whoever follows the table is told; `oid`: null of one that is new. */
export async function announceSchema(client: pg.ClientBase, oid: string | null): Promise<void> {
  await client.query(`notify ${SCHEMA_CHANNEL}, 'reload schema'`);
  if (oid !== null) await client.query('select pg_notify($1, $2)', [TABLE_CHANNEL, oid]);
}
