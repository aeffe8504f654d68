import { type CONTROL, type ControlRecord, controlTopic } from '#contracts/topics/control-record';
import type { ChangeLog, LogRecord } from '#libs/changelog/change-log';
import { CompactedTopic } from './compacted-topic.ts';

type ControlName = (typeof CONTROL)[keyof typeof CONTROL];

/** What is known of a slot beside its progress, and changes seldom, by slot and name. */
export class ControlStore {
  readonly #topic: CompactedTopic;
  readonly #slot: string;

  constructor(changeLog: ChangeLog, topicPrefix: string, slot: string) {
    this.#topic = new CompactedTopic(changeLog, controlTopic(topicPrefix));
    this.#slot = slot;
  }

  ensure(): Promise<void> {
    return this.#topic.ensure();
  }

  /** Null forgets it. */
  record(name: ControlName, value: ControlRecord | null): LogRecord {
    return this.#topic.record(`${this.#slot}/${name}`, value && JSON.stringify(value));
  }

  /** Newest value of that name; null when there is none. */
  async read(name: ControlName): Promise<unknown> {
    const newest = await this.#topic.newest(`${this.#slot}/${name}`);
    return newest === null ? null : JSON.parse(newest);
  }
}
