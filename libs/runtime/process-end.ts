import type { ServiceRuntime } from './service-runtime.ts';

/**
 * Ends the process in order: at SIGTERM or SIGINT everything is drained and stopped (libs/runtime/lifecycle.ts), then the process exits with 0; a second
 * signal exits at once with 1.
 */
export class ProcessEnd {
  readonly #runtime: Pick<ServiceRuntime, 'logger' | 'lifecycles'>;
  readonly #afterwards: (() => Promise<void>)[] = [];
  #stopping: Promise<void> | undefined;

  constructor(runtime: Pick<ServiceRuntime, 'logger' | 'lifecycles'>) {
    this.#runtime = runtime;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#onSignal(signal));
  }

  /** Done once every part has stopped: what answers others answers until then. */
  onStopped(close: () => Promise<void>): void {
    this.#afterwards.push(close);
  }

  /** Resolves when everything has ended. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.#runtime.lifecycles.end();
    for (const close of this.#afterwards) await close();
  }

  #onSignal(signal: NodeJS.Signals): void {
    if (this.#stopping) process.exit(1);
    this.#runtime.logger.info({ signal }, 'stopping');
    void this.stop().then(() => process.exit(0));
  }
}
