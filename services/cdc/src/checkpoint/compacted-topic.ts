import type { ChangeLog, LogRecord, StoredRecord } from '#libs/changelog/change-log';

/** Records read at once, from the topic's end backwards. */
const WINDOW = 512n;

/** What capture remembers in the change log itself: newest value by key, in a compacted topic of one partition. */
export class CompactedTopic {
  readonly name: string;
  readonly #changeLog: ChangeLog;

  constructor(changeLog: ChangeLog, name: string) {
    this.#changeLog = changeLog;
    this.name = name;
  }

  async ensure(): Promise<void> {
    await this.#changeLog.ensureTopic(this.name, { partitions: 1, cleanup: 'compact', retentionMs: null });
  }

  /** A null value forgets the key. */
  record(key: string, value: string | null): LogRecord {
    return { topic: this.name, key: Buffer.from(key), value: value === null ? null : Buffer.from(value), headers: {} };
  }

  /** The newest value of the key; null when there is none, or it was forgotten. */
  async newest(key: string): Promise<string | null> {
    const bounds = (await this.#changeLog.bounds(this.name))[0];
    if (!bounds) return null;
    let end = bounds.next;
    for (let size = WINDOW; end > bounds.earliest; size *= 8n) {
      const start = end - size > bounds.earliest ? end - size : bounds.earliest;
      const found = await this.#newestBetween(key, start, end);
      if (found) return found.value?.toString('utf8') ?? null;
      end = start;
    }
    return null;
  }

  /** All records, oldest first; of a key there may be several yet. */
  async *records(): AsyncGenerator<StoredRecord> {
    const bounds = (await this.#changeLog.bounds(this.name))[0];
    if (bounds) yield* this.#changeLog.read(this.name, 0, bounds.earliest);
  }

  async #newestBetween(key: string, start: bigint, end: bigint): Promise<StoredRecord | undefined> {
    let newest: StoredRecord | undefined;
    for await (const record of this.#changeLog.read(this.name, 0, start)) {
      if (record.offset >= end) break;
      if (record.key?.toString() === key) newest = record;
    }
    return newest;
  }
}
