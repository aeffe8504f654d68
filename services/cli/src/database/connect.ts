import pg from 'pg';
import { Failure } from '#libs/failure/failure';
import { givingWay, LOCK_TIMEOUT_MS } from '#libs/postgres/giving-way';
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
    if (severity === 'WARNING') context.print([`! ${message}`, ...(hint === undefined ? [] : [`    ${hint}`])].join('\n'));
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
  /** What is printed once it is done. */
  done: string;
  /** What it is about, where it fails. */
  about: string;
  statements: readonly string[];
}

/**
 * Runs each piece in a transaction of its own, so that each table is locked for a moment and what is done stays done. With several, one that is refused does not
 * keep the others from being done; in the end it is an error.
 */
export async function runEach(client: pg.Client, pieces: readonly Piece[], print: (line: string) => void): Promise<void> {
  let refused = 0;
  for (const { done, about, statements } of pieces) {
    try {
      await runAll(client, statements);
      print(done);
    } catch (error) {
      if (pieces.length === 1 || !(error instanceof pg.DatabaseError)) throw error;
      refused += 1;
      print([`✗ ${about}: ${error.message}`, ...(error.hint === undefined ? [] : [`    ${error.hint}`])].join('\n'));
    }
  }
  if (refused > 0) throw new Failure('misconfigured', `${refused} of ${pieces.length} tables ${refused === 1 ? 'was' : 'were'} refused; the others are done`);
}
