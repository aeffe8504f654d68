import type { ChangeLog, LogRecord } from '#libs/changelog/change-log';
import { Failure } from '#libs/failure/failure';
import { formatProgress, parseProgress, type Progress } from './progress.ts';

/** Records read at once, from the topic's end backwards. */
const WINDOW = 512n;

/** Progress of all slots of a topic prefix, in a compacted topic of one partition, by slot. */
export class ProgressStore {
  readonly topic: string;
  readonly #changeLog: ChangeLog;
  readonly #slot: string;

  constructor(changeLog: ChangeLog, topicPrefix: string, slot: string) {
    this.#changeLog = changeLog;
    this.#slot = slot;
    this.topic = `${topicPrefix}.__progress`;
  }

  async ensure(): Promise<void> {
    await this.#changeLog.ensureTopic(this.topic, { partitions: 1, cleanup: 'compact', retentionMs: null });
  }

  record(progress: Progress): LogRecord {
    return { topic: this.topic, key: Buffer.from(this.#slot), value: Buffer.from(formatProgress(progress)), headers: {} };
  }

  /** The newest progress of the slot; null when there is none. A record that can't be read is a `position-lost` Failure. */
  async read(): Promise<Progress | null> {
    const bounds = (await this.#changeLog.bounds(this.topic))[0];
    if (!bounds) return null;
    let end = bounds.next;
    for (let size = WINDOW; end > bounds.earliest; size *= 8n) {
      const start = end - size > bounds.earliest ? end - size : bounds.earliest;
      const found = await this.#newest(start, end);
      if (found) return parse(found);
      end = start;
    }
    return null;
  }

  async #newest(start: bigint, end: bigint): Promise<Buffer | null> {
    let newest: Buffer | null = null;
    for await (const record of this.#changeLog.read(this.topic, 0, start)) {
      if (record.offset >= end) break;
      if (record.key?.toString() === this.#slot) newest = record.value;
    }
    return newest;
  }
}

function parse(value: Buffer): Progress {
  try {
    return parseProgress(value.toString('utf8'));
  } catch (error) {
    throw new Failure('position-lost', 'the progress record cannot be read', { cause: error });
  }
}
