import pg from 'pg';
import { Failure } from '#libs/failure/failure';
import { givingWay, LOCK_TIMEOUT_MS } from '#libs/postgres/giving-way';
import type { TableName } from '#libs/postgres/identifiers';
import type { CommandContext } from '../command.ts';

/** The URL for DDL: `ADMIN_DATABASE_URL`, else `DATABASE_URL`. */
export function adminUrlOf({ config }: CommandContext): string {
  const url = config.ADMIN_DATABASE_URL ?? config.DATABASE_URL;
  if (url !== undefined) return url;
  throw new Failure('misconfigured', 'set ADMIN_DATABASE_URL: the database, as a login that may create roles and schemas in it');
}

/** Gives `work` a connection, and closes it. What PostgreSQL warns of is printed. */
export async function connected<T>(context: CommandContext, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: adminUrlOf(context), application_name: 'lakeloop-cli' });
  client.on('error', () => undefined);
  client.on('notice', ({ severity, message, hint }) => {
    if (severity === 'WARNING') context.print(hinted(`! ${message}`, hint));
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs statements in one transaction that gives way: whoever waits for a lock has everybody wait who comes behind. */
export async function runAll(client: pg.Client, statements: readonly string[]): Promise<void> {
  await givingWay(async () => {
    await client.query(`begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    try {
      for (const statement of statements) await client.query(statement);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      throw error;
    }
  });
}

export interface Piece {
  table: TableName;
  statements: readonly string[];
}

/**
 * Runs each piece in a transaction of its own, so that each table is locked for a moment and what is done stays done: `<done> <table>` is printed. With several, one
 * that is refused does not keep the others from being done; in the end it is an error.
 */
export async function runEach(client: pg.Client, pieces: readonly Piece[], done: string, print: (line: string) => void): Promise<void> {
  let refused = 0;
  for (const { table, statements } of pieces) {
    const name = `${table.schema}.${table.name}`;
    try {
      await runAll(client, statements);
      print(`${done} ${name}`);
    } catch (error) {
      if (pieces.length === 1 || !(error instanceof pg.DatabaseError)) throw error;
      refused += 1;
      print(hinted(`✗ ${name}: ${error.message}`, error.hint));
    }
  }
  if (refused > 0) throw new Failure('misconfigured', `${refused} of ${pieces.length} tables ${refused === 1 ? 'was' : 'were'} refused; the others are done`);
}

function hinted(line: string, hint: string | undefined): string {
  return hint === undefined ? line : `${line}\n    ${hint}`;
}
