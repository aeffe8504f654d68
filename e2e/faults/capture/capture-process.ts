import { freePort } from '#libs/testing/postgres-server';
import { serviceCommand } from '../../../deploy/local/service-command.ts';
import { eventually, TestProcess } from '../../support/process.ts';
import { REPOSITORY } from '../../support/repository.ts';
import { peakMegabytes } from '../../support/usage.ts';

/** A capture as `npm run cdc` starts it. */
export class CaptureProcess {
  readonly port: number;
  readonly #process: TestProcess;

  private constructor(process: TestProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  /** Starts it; resolves at once. */
  static async start(env: Readonly<Record<string, string>>, port?: number): Promise<CaptureProcess> {
    const chosen = port ?? (await freePort());
    const [node, ...args] = serviceCommand(REPOSITORY, 'cdc');
    return new CaptureProcess(new TestProcess(node, args, { ...env, CDC_PORT: String(chosen) }, REPOSITORY), chosen);
  }

  get output(): string {
    return this.#process.output;
  }

  get exited(): boolean {
    return this.#process.exited;
  }

  /** What `/health/ready` says of capture; undefined while nobody answers. */
  async detail(): Promise<string | undefined> {
    const response = await fetch(`http://127.0.0.1:${this.port}/health/ready`, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
    const body = (await response?.json()) as { checks?: { cdc?: { detail?: string } } } | undefined;
    return body?.checks?.cdc?.detail;
  }

  /** Waits for a state; a process that ended instead is an error. */
  async reaches(state: RegExp, withinMs = 30_000): Promise<void> {
    await eventually(
      async () => this.exited || state.test((await this.detail()) ?? ''),
      () => `capture did not reach ${String(state)}: ${this.output.slice(-2_000)}`,
      withinMs,
    );
    if (this.exited) throw new Error(`capture ended: ${this.output.slice(-2_000)}`);
  }

  /** Waits until a process that was just started streams, as it says itself: HTTP comes only then. */
  async firstStreaming(withinMs = 30_000): Promise<void> {
    await eventually(
      async () => this.exited || this.output.includes('"phase":"streaming"'),
      () => `capture did not stream: ${this.output.slice(-2_000)}`,
      withinMs,
    );
    if (this.exited) throw new Error(`capture ended: ${this.output.slice(-2_000)}`);
  }

  streaming(withinMs?: number): Promise<void> {
    return this.reaches(/^streaming/, withinMs);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): void {
    process.kill(this.#process.pid, signal);
  }

  /** Resolves with the exit code once it is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    return this.#process.end(signal);
  }

  /** Exit code of one that ends by itself. */
  exit(): Promise<number | null> {
    return this.#process.exit();
  }

  /** Most memory that it ever had, MB; 0 once it is gone. */
  async peakMegabytes(): Promise<number> {
    return Math.round((await peakMegabytes(this.#process.pid).catch(() => 0)) || 0);
  }
}
