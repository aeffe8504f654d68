import type { LoggerService } from '@nestjs/common';
import type { Logger } from '../logger.ts';

/** Nest's own messages as lines of our log; its start-up chatter only at debug. */
export class NestLogger implements LoggerService {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger.child({ component: 'nest' });
  }

  log(message: unknown): void {
    this.#logger.debug(String(message));
  }

  error(message: unknown, ...details: unknown[]): void {
    this.#logger.error({ details: details.map(String) }, String(message));
  }

  warn(message: unknown): void {
    this.#logger.warn(String(message));
  }
}
