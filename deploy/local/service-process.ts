import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '#libs/failure/failure';

export interface ServiceProcessOptions {
  name: string;
  /** Program and its arguments. */
  command: readonly [string, ...string[]];
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** What it prints is appended here. */
  logFile: string;
  /** Asked until it answers 200. */
  readyUrl: string;
}

/** One service of a local cluster as a process of its own, in its own process group: Ctrl-C reaches us alone, and we end it in order. */
export class ServiceProcess {
  readonly name: string;
  readonly #options: ServiceProcessOptions;
  readonly #child: ChildProcess;

  constructor(options: ServiceProcessOptions) {
    this.name = options.name;
    this.#options = options;
    mkdirSync(dirname(options.logFile), { recursive: true });
    const [file, ...args] = options.command;
    this.#child = spawn(file, args, {
      cwd: options.cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const log = createWriteStream(options.logFile, { flags: 'a' });
    log.on('error', () => undefined);
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.pipe(log, { end: false });
    this.#child.once('close', () => log.end());
    this.#child.on('error', (error) => log.write(`${error.message}\n`));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get ended(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Resolves with the exit code; null when a signal ended it. */
  async exit(): Promise<number | null> {
    if (!this.ended) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  /** Sends a signal and waits for the end; harmless once ended. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (!this.ended) this.#child.kill(signal);
    return this.exit();
  }

  /** Resolves once `/health/ready` answers 200. Throws `dependency-unavailable` with its last words when it ends before or takes too long. */
  async ready(withinMs = 60_000): Promise<void> {
    const deadline = AbortSignal.timeout(withinMs);
    let missing = 'no answer';
    while (!this.ended && !deadline.aborted) {
      try {
        const response = await fetch(this.#options.readyUrl, { signal: AbortSignal.timeout(3_000) });
        missing = await response.text();
        if (response.ok) return;
      } catch {
        // Not listening yet.
      }
      await delay(50);
    }
    const why = this.ended ? `it ended with ${this.#child.exitCode ?? this.#child.signalCode}: ${this.lastWords()}` : `it is not ready: ${missing}`;
    throw new Failure('dependency-unavailable', `${this.name} did not start; ${why}`);
  }

  /** The last lines of its log. */
  lastWords(lines = 3): string {
    try {
      return readFileSync(this.#options.logFile, 'utf8').trim().split('\n').slice(-lines).join(' | ');
    } catch {
      return 'it printed nothing';
    }
  }
}
