import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs SQL by the real `psql`; resolves with its tuples-only output, rejects with its error text. */
export async function psql(databaseUrl: string, sql: string): Promise<string> {
  const { stdout } = await run('psql', [databaseUrl, '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', sql], { timeout: 30_000 });
  return stdout.trim();
}

/** Runs a script by the real `pgbench`: `transactions` times on each of `clients` connections. */
export async function pgbench(databaseUrl: string, script: string, clients: number, transactions: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'lakeloop-pgbench-'));
  try {
    const file = join(directory, 'script.sql');
    await writeFile(file, script);
    await run('pgbench', ['-n', '-c', String(clients), '-j', '2', '-t', String(transactions), '-f', file, databaseUrl], { timeout: 60_000 });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
