import type { Failure } from '#libs/failure/failure';
import type { ChangeLog, LogRecord, Producer } from '#libs/changelog/change-log';

/** A change log whose appends of some records wait until the gate opens. */
export class GatedLog {
  readonly proxy: ChangeLog;
  readonly #reached = Promise.withResolvers<void>();
  readonly #opened = Promise.withResolvers<void>();
  #isOpen = false;

  constructor(log: ChangeLog, gated: (records: readonly LogRecord[]) => boolean) {
    const openProducer = async (id: string): Promise<Producer> => {
      const producer = await log.openProducer(id);
      return {
        append: async (records) => {
          if (!this.#isOpen && gated(records)) {
            this.#reached.resolve();
            await this.#opened.promise;
          }
          await producer.append(records);
        },
        close: () => producer.close(),
      };
    };
    this.proxy = new Proxy(log, {
      get: (target, name) => {
        if (name === 'openProducer') return openProducer;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  /** Resolves with the first append that waits. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  open(): void {
    this.#isOpen = true;
    this.#opened.resolve();
  }

  /** What waits fails, and what comes later passes: a broker that was away for a moment. */
  refuse(failure: Failure): void {
    this.#isOpen = true;
    this.#opened.reject(failure);
  }
}
