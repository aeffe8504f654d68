import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A program run as a child in a process group of its own: Ctrl-C reaches us alone, and we end it in order. */
export class Child {
  readonly #process: ChildProcess;
  #output = '';

  constructor(file: string, args: readonly string[], cwd: string) {
    this.#process = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-16_384)));
    this.#process.on('error', (error) => (this.#output += `\n${error.message}`));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get ended(): boolean {
    return this.#process.pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** The last 16 kB that it printed. */
  get output(): string {
    return this.#output.trim();
  }

  /** Sends a signal and waits for the end; harmless once ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.ended) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill(signal);
    await exited;
  }

  /** Resolves with the exit code. */
  async exitCode(): Promise<number | null> {
    if (!this.ended) await once(this.#process, 'exit');
    return this.#process.exitCode;
  }
}
