import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stage } from './stage.ts';

/**
 * Single-row commits at a rate, for some seconds, by pgbench: an open loop (each is due at its time, whether or not those before have
 * ended), in a process of its own, so that it does not share an event loop with who measures.
 */
export class CommitLoad {
  readonly #stage: Stage;
  readonly #table: string;

  constructor(stage: Stage, table: string) {
    this.#stage = stage;
    this.#table = table;
  }

  /** Resolves once all are committed, or `signal` ended it. */
  async run(ratePerSecond: number, seconds: number, signal?: AbortSignal): Promise<void> {
    const script = join(this.#stage.directory, `insert-${this.#table}.sql`);
    await writeFile(
      script,
      `insert into bench.${this.#table} (account, amount, currency, at, note) values ('account-1', 1234.56, 'EUR', now(), repeat('x', 60));\n`,
    );
    const args = ['-n', '-M', 'prepared', '-c', '8', '-j', '1', '-R', String(ratePerSecond), '-T', String(seconds), '-f', script, this.#stage.databaseUrl];
    const child = spawn('pgbench', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
    signal?.addEventListener('abort', () => child.kill('SIGKILL'));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0 && !signal?.aborted) throw new Error(`pgbench ended with ${code}: ${said}`);
  }
}
