import type { ChangeLog } from '#libs/changelog/change-log';
import type { Logger } from '#libs/runtime/logger';
import { TopicTail } from './topic-tail.ts';

/** A tail that nobody watches is kept for so long, ms: subscribers come and go. */
const LINGER_MS = 30_000;

/** An answer of the log counts for so long, ms, so that a thousand subscribers who come at once ask once. */
const ALIVE_MS = 1_000;

interface Entry {
  tail: TopicTail;
  started: Promise<void>;
  users: number;
  linger?: NodeJS.Timeout;
}

/** One tail for each topic and process. */
export class Tails {
  readonly #changeLog: ChangeLog;
  readonly #logger: Logger;
  readonly #entries = new Map<string, Entry>();
  #alive: { answer: Promise<void>; atMs: number } | undefined;

  constructor(changeLog: ChangeLog, logger: Logger) {
    this.#changeLog = changeLog;
    this.#logger = logger;
  }

  /** A running tail; to be handed back with `release`. Throws what the log throws. */
  async acquire(topic: string): Promise<TopicTail> {
    await this.#checkAlive();
    const entry = this.#entry(topic);
    entry.users += 1;
    clearTimeout(entry.linger);
    try {
      await entry.started;
    } catch (error) {
      this.#forget(topic, entry);
      throw error;
    }
    return entry.tail;
  }

  release(tail: TopicTail): void {
    const entry = this.#entries.get(tail.topic);
    if (entry?.tail !== tail) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    entry.linger = setTimeout(() => this.#forget(tail.topic, entry), LINGER_MS);
    entry.linger.unref();
  }

  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(
      entries.map(({ tail, linger }) => {
        clearTimeout(linger);
        return tail.close();
      }),
    );
  }

  /** A tail that runs already says nothing of a log that has died since. */
  #checkAlive(): Promise<void> {
    const now = performance.now();
    if (!this.#alive || now - this.#alive.atMs > ALIVE_MS) this.#alive = { answer: this.#changeLog.ping(), atMs: now };
    return this.#alive.answer;
  }

  #entry(topic: string): Entry {
    const found = this.#entries.get(topic);
    if (found && !found.tail.lost) return found;
    if (found) void found.tail.close();
    const tail = new TopicTail(this.#changeLog, topic, this.#logger);
    const entry: Entry = { tail, started: tail.start(), users: 0 };
    this.#entries.set(topic, entry);
    return entry;
  }

  #forget(topic: string, entry: Entry): void {
    if (this.#entries.get(topic) === entry) this.#entries.delete(topic);
    entry.tail.close().catch((err: unknown) => this.#logger.warn({ err, topic }, 'a tail could not be closed'));
  }
}
