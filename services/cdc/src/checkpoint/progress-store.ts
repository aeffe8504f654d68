import { progressTopic } from '#contracts/topics/progress-record';
import type { ChangeLog, LogRecord } from '#libs/changelog/change-log';
import { Failure } from '#libs/failure/failure';
import { CompactedTopic } from './compacted-topic.ts';
import { formatProgress, parseProgress, type Progress } from './progress.ts';

/** Progress of all slots of a topic prefix, by slot. */
export class ProgressStore {
  readonly #topic: CompactedTopic;
  readonly #slot: string;

  constructor(changeLog: ChangeLog, topicPrefix: string, slot: string) {
    this.#topic = new CompactedTopic(changeLog, progressTopic(topicPrefix));
    this.#slot = slot;
  }

  ensure(): Promise<void> {
    return this.#topic.ensure();
  }

  record(progress: Progress): LogRecord {
    return this.#topic.record(this.#slot, formatProgress(progress));
  }

  /** The newest progress of the slot; null when there is none. A record that can't be read is a `position-lost` Failure. */
  async read(): Promise<Progress | null> {
    const newest = await this.#topic.newest(this.#slot);
    return newest === null ? null : parse(newest);
  }
}

function parse(text: string): Progress {
  try {
    return parseProgress(text);
  } catch (error) {
    throw new Failure('position-lost', 'the progress record cannot be read', { cause: error });
  }
}
