import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** A process under test: its output is kept for the failure message, and it ends with the test. */
export class TestProcess {
  readonly #child: ChildProcess;
  #output = '';

  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>>, cwd: string) {
    this.#child = spawn(file, args, {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-64_000)));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get output(): string {
    return this.#output;
  }

  get exited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Sends the signal and resolves with the exit code once the process is gone (null when the signal ended it). */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.exited) return this.#child.exitCode;
    const exit = once(this.#child, 'exit') as Promise<[number | null]>;
    this.#child.kill(signal);
    return (await exit)[0];
  }

  /** Exit code of a process that ends by itself. */
  async exit(): Promise<number | null> {
    if (this.exited) return this.#child.exitCode;
    return ((await once(this.#child, 'exit')) as [number | null])[0];
  }
}

/** Polls until `probe` gives something, or throws with `explain()` after `withinMs`. For states that announce themselves to nobody. */
export async function eventually<T>(probe: () => Promise<T | undefined | false>, explain: () => string, withinMs = 30_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const result = await probe();
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      last = error;
    }
    await delay(25);
  }
  throw new Error(`${explain()} (waited ${withinMs} ms)`, { cause: last });
}
