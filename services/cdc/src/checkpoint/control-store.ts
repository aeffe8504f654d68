import type { ChangeLog, LogRecord } from '#libs/changelog/change-log';

/** What is known of a slot beside its progress, and changes seldom: by slot and name, in a compacted topic of one partition. */
export class ControlStore {
  readonly topic: string;
  readonly #changeLog: ChangeLog;
  readonly #slot: string;

  constructor(changeLog: ChangeLog, topicPrefix: string, slot: string) {
    this.#changeLog = changeLog;
    this.#slot = slot;
    this.topic = `${topicPrefix}.__control`;
  }

  async ensure(): Promise<void> {
    await this.#changeLog.ensureTopic(this.topic, { partitions: 1, cleanup: 'compact', retentionMs: null });
  }

  /** Null forgets it. */
  record(name: string, value: object | null): LogRecord {
    return { topic: this.topic, key: Buffer.from(`${this.#slot}/${name}`), value: value && Buffer.from(JSON.stringify(value)), headers: {} };
  }

  /** Newest value of that name; null when there is none. */
  async read(name: string): Promise<unknown> {
    const bounds = (await this.#changeLog.bounds(this.topic))[0];
    let newest: Buffer | null = null;
    if (!bounds) return null;
    for await (const { key, value } of this.#changeLog.read(this.topic, 0, bounds.earliest)) if (key?.toString() === `${this.#slot}/${name}`) newest = value;
    return newest === null ? null : JSON.parse(newest.toString('utf8'));
  }
}
