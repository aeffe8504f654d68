import type { Batch, ChangeLog, Subscription } from '#libs/changelog/change-log';
import { Failure } from '#libs/failure/failure';
import type { Logger } from '#libs/runtime/logger';
import { Progress } from '../stitch/progress.ts';
import { Recent } from './recent.ts';
import { readRecord, type TailChange, type TailHole, type TailRecord } from './tail-record.ts';

/** A record in its first delivery, and where a reader stands once it has it. */
export interface Positioned {
  record: TailChange | TailHole;
  /** `Progress.toText()` after the record. */
  position: string;
}

/** Who watches a topic. Called synchronously, in the log's order. */
export interface TailListener {
  onRecords(records: readonly Positioned[]): void;
  /** The tail can't go on without a gap. */
  onLost(detail: string): void;
}

/**
 * So many records of each partition are read again when a tail starts: they warm `Recent`, and tell repetitions from first deliveries.
 */
const WARM = 256n;

/**
 * The end of one topic, read once for all who watch it: parsed once, repetitions dropped, the newest kept for those who catch up.
 */
export class TopicTail {
  readonly topic: string;
  readonly recent = new Recent();
  readonly #changeLog: ChangeLog;
  readonly #logger: Logger;
  readonly #listeners = new Set<TailListener>();
  #progress = new Progress();
  #subscription: Subscription | undefined;
  #moved = Promise.withResolvers<void>();
  #lost = false;

  constructor(changeLog: ChangeLog, topic: string, logger: Logger) {
    this.topic = topic;
    this.#changeLog = changeLog;
    this.#logger = logger;
  }

  /** Resolves once everything appended from now on will be seen. Throws what the log throws. */
  async start(): Promise<void> {
    const bounds = await this.#changeLog.bounds(this.topic);
    const from = bounds.map(({ partition, earliest, next }) => ({ topic: this.topic, partition, offset: next - earliest > WARM ? next - WARM : earliest }));
    for (const { partition, offset } of from) this.#begin(partition, offset);
    this.#subscription = await this.#changeLog.subscribe({
      topics: [this.topic],
      // A topic that does not exist yet is read from its first record when it appears.
      from: from.length === 0 ? 'earliest' : from,
      onBatch: async (batch) => this.#onBatch(batch),
      onFailure: (error) => this.#onFailure(error),
    });
  }

  /** What the tail has read so far. Not to be changed by others. */
  get progress(): Progress {
    return this.#progress;
  }

  get lost(): boolean {
    return this.#lost;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  listen(listener: TailListener): void {
    this.#listeners.add(listener);
  }

  leave(listener: TailListener): void {
    this.#listeners.delete(listener);
  }

  /** Resolves when something has been read. */
  moved(): Promise<void> {
    return this.#moved.promise;
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
  }

  #begin(partition: number, offset: bigint): void {
    this.#progress.moveTo(partition, offset);
    this.recent.startAt(partition, offset);
  }

  #onBatch({ partition, records }: Batch): void {
    const first = records[0];
    if (!first || this.#lost) return;
    if (partition >= this.#progress.partitions) this.#begin(partition, first.offset);
    const news: Positioned[] = [];
    for (const raw of records) {
      // The log may hand a batch over again after a failure of ours.
      if (raw.offset < this.#progress.next(partition)) continue;
      const record = this.#admitted(readRecord(raw), partition);
      this.#progress.moveTo(partition, raw.offset + 1n);
      if (!record) continue;
      this.recent.add(record);
      news.push({ record, position: this.#progress.toText() });
    }
    this.#tell(news);
  }

  #admitted(record: TailRecord, partition: number): TailChange | TailHole | undefined {
    if (record.kind === 'nothing') return undefined;
    if (record.kind === 'hole') {
      this.#logger.error(
        { topic: this.topic, partition, offset: record.offset.toString(), reason: record.reason },
        'unreadable change record: subscribers are reset',
      );
      return record;
    }
    try {
      return this.#progress.admit(partition, record.offset, record.id, record.keyText) ? record : undefined;
    } catch (error) {
      return { kind: 'hole', partition, offset: record.offset, reason: error instanceof Error ? error.message : 'no order' };
    }
  }

  #tell(news: readonly Positioned[]): void {
    const { resolve } = this.#moved;
    this.#moved = Promise.withResolvers();
    resolve();
    if (news.length > 0) for (const listener of this.#listeners) listener.onRecords(news);
  }

  #onFailure(error: unknown): void {
    this.#logger.warn({ err: error, topic: this.topic }, 'the change log does not deliver');
    if (!(error instanceof Failure) || error.kind !== 'position-lost') return;
    this.#lost = true;
    for (const listener of this.#listeners) listener.onLost(error.message);
  }
}
