import { serviceCommand } from '../../../deploy/local/service-command.ts';
import { eventually, TestProcess } from '../../support/process.ts';
import { REPOSITORY } from '../../support/repository.ts';

/** A write service as `npm run write` starts it. */
export class WriteProcess {
  readonly url: string;
  readonly #process: TestProcess;

  private constructor(process: TestProcess, port: number) {
    this.#process = process;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts it; resolves at once. */
  static start(env: Readonly<Record<string, string>>, port: number): WriteProcess {
    const [node, ...args] = serviceCommand(REPOSITORY, 'write');
    return new WriteProcess(new TestProcess(node, args, { ...env, WRITE_PORT: String(port) }, REPOSITORY), port);
  }

  get output(): string {
    return this.#process.output;
  }

  get exited(): boolean {
    return this.#process.exited;
  }

  /** Resolves once it answers, or has ended: one may be started only to be killed. */
  async ready(): Promise<void> {
    await eventually(
      async () => this.exited || (await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(1_000) })).status === 200,
      () => `the write service did not start: ${this.output.slice(-2_000)}`,
    );
  }

  /** Resolves once it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#process.end(signal);
  }
}
