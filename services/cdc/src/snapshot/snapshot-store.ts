import { snapshotRecord, snapshotTopic } from '#contracts/topics/snapshot-record';
import type { ChangeLog, LogRecord, Producer } from '#libs/changelog/change-log';
import { CompactedTopic } from '../checkpoint/compacted-topic.ts';
import type { Snapshot } from './snapshot.ts';

/** Snapshots of all slots of a topic prefix, by slot and id. */
export class SnapshotStore {
  readonly #topic: CompactedTopic;
  readonly #changeLog: ChangeLog;
  readonly #slot: string;

  constructor(changeLog: ChangeLog, topicPrefix: string, slot: string) {
    this.#changeLog = changeLog;
    this.#slot = slot;
    this.#topic = new CompactedTopic(changeLog, snapshotTopic(topicPrefix));
  }

  ensure(): Promise<void> {
    return this.#topic.ensure();
  }

  /** The one who may write: fences whoever wrote for this slot before. */
  openProducer(): Promise<Producer> {
    return this.#changeLog.openProducer(`cdc-snapshots:${this.#slot}`);
  }

  record(snapshot: Snapshot): LogRecord {
    return this.#topic.record(this.#key(snapshot.id), JSON.stringify(snapshot));
  }

  /** Every snapshot of the slot, in the order in which they were asked for. One that can't be read is left out: it is asked for again or it isn't. */
  async read(): Promise<Snapshot[]> {
    const found = new Map<string, Snapshot>();
    for await (const { key, value } of this.#topic.records()) {
      const text = key?.toString() ?? '';
      if (!text.startsWith(this.#key(''))) continue;
      const snapshot = value === null ? undefined : parse(value);
      if (snapshot) found.set(text, snapshot);
      else found.delete(text);
    }
    return [...found.values()].toSorted((left, right) => left.requestedAt - right.requestedAt);
  }

  #key(id: string): string {
    return `${this.#slot}/${id}`;
  }
}

function parse(value: Buffer): Snapshot | undefined {
  try {
    return snapshotRecord.parse(JSON.parse(value.toString('utf8')));
  } catch {
    return undefined;
  }
}
