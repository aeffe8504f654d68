import type { Logger } from './logger.ts';

/**
 * A long-running part of a service. `run` starts it and resolves once it works or has begun to try (a missing dependency is
 * retried inside, never thrown); `drain` stops taking work in and finishes what it holds; `stop` frees everything.
 */
export interface Lifecycle {
  readonly name: string;
  run(): Promise<void>;
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/** Runs parts in the order given; drains and stops them in reverse. Each step happens once, whoever asks. */
export class Lifecycles {
  readonly #parts: Lifecycle[] = [];
  readonly #logger: Logger;
  #ending: Promise<void> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  async run(parts: readonly Lifecycle[]): Promise<void> {
    for (const part of parts) {
      this.#parts.push(part);
      await part.run();
    }
  }

  /** Drains, then stops, in reverse order. A part that fails is logged; the others still end. */
  end(): Promise<void> {
    this.#ending ??= this.#endOnce();
    return this.#ending;
  }

  async #endOnce(): Promise<void> {
    const reversed = this.#parts.toReversed();
    for (const step of ['drain', 'stop'] as const) {
      for (const part of reversed)
        await part[step]().catch((error: unknown) => this.#logger.error({ err: error, part: part.name, step }, 'shutdown step failed'));
    }
  }
}
