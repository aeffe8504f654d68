import type { LogRecord, Producer, Refused } from '#libs/changelog/change-log';
import { classify } from '#libs/failure/classify';
import type { Failure } from '#libs/failure/failure';
import type { Lsn } from '#libs/pgoutput/lsn';
import type { Clock } from '#libs/runtime/clock';
import { hit } from '#libs/runtime/failpoints';
import type { Position } from '../change/position.ts';
import type { CdcMetrics } from '../metrics.ts';
import { BATCH_BYTES, Outbox, type OutboxRecord } from './outbox.ts';

export interface PublisherOptions {
  producer: Producer;
  /** Where the session began: durable and known as progress. */
  from: Position;
  progressRecord: (position: Position) => LogRecord;
  /** Confirms to the slot; called only with positions whose progress the log has acknowledged. */
  acknowledge: (end: Lsn) => void;
  /** Told once, of the first append that failed; nothing is published after it. */
  onFailure: (failure: Failure) => void;
  /** What is appended in the place of a record that the log will never take. */
  refused: Refused;
  /** Told of records once they are durable: the log does not keep their bytes. */
  onDurable: (records: readonly LogRecord[]) => void;
  clock: Clock;
  metrics: CdcMetrics;
  /** How long progress waits for an append to ride on, and an append for what follows. */
  linger?: Linger;
}

export interface Linger {
  /** After records, ms. */
  afterRecordsMs: number;
  /** After idle WAL alone, ms. */
  afterIdleMs: number;
  /** How long a batch that is not full waits for more that is said to follow, ms. */
  gatherMs: number;
}

const LINGER: Linger = { afterRecordsMs: 100, afterIdleMs: 1_000, gatherMs: 10 };

/** What comes with records. */
export interface Reached {
  /** Durable once they are. */
  position: Position;
  /** Of the last transaction of it, µs since the epoch; null when nothing was committed. */
  commitTime: bigint | null;
  /** To be confirmed soon. */
  urgent?: boolean;
  /** More follows at once: a batch that is not full waits for it, for a while. */
  more?: boolean;
}

/** Beyond this much waiting the source is not read. */
const FULL_BYTES = 2 * BATCH_BYTES;

/**
 * Appends records in order, one append in flight, each taking whatever has gathered meanwhile. Then progress, then the confirmation:
 *
 *   records of a batch acknowledged → progress of it appended and acknowledged → confirmed to the slot
 *
 * Progress never shares an append with the records it speaks of (a rejected append may have written one partition and not the other);
 * it rides on the append after them, or goes alone when there is none.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #outbox = new Outbox();
  readonly #linger: Linger;
  #durable: Position;
  #written: Position;
  #progressDue = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #failure: Failure | undefined;
  #running = false;
  #more = false;
  #gathering: NodeJS.Timeout | undefined;
  #draining = false;
  #change = Promise.withResolvers<void>();
  #waiting: { upTo: number; resolve: () => void }[] = [];

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#linger = options.linger ?? LINGER;
    this.#durable = options.from;
    this.#written = options.from;
  }

  /** Queues records. Resolves when there is room for more. */
  async add(records: readonly OutboxRecord[], { position, commitTime, urgent = false, more = false }: Reached): Promise<void> {
    this.#outbox.add(records, position, commitTime);
    if (this.#outbox.length === 0 && !this.#running) this.#settle(0, urgent ? this.#linger.afterRecordsMs : this.#linger.afterIdleMs);
    this.#more = more;
    if (more) this.#gathering ??= setTimeout(() => this.flush(), this.#linger.gatherMs);
    this.#wake();
    while (this.#outbox.bytes > FULL_BYTES && !this.#failure) await this.#change.promise;
  }

  /** What was added goes out now, although more was to follow: whoever was to add it waits for something else first. */
  flush(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    this.#more = false;
    this.#wake();
  }

  /** Resolves once every record added so far is durable; never, when the publisher fails first. */
  whenDurable(): Promise<void> {
    if (this.#outbox.settled === this.#outbox.added) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.push({ upTo: this.#outbox.added, resolve }));
  }

  /** Resolves once all that was added is durable and confirmed, or the publisher failed. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#wake();
    while (!this.#failure && (this.#running || this.#outbox.length > 0 || this.#durable !== this.#written)) await this.#change.promise;
    clearTimeout(this.#timer);
    clearTimeout(this.#gathering);
  }

  /** Publishes nothing more; what is in flight may still land. */
  abandon(failure: Failure): void {
    this.#failure ??= failure;
    clearTimeout(this.#timer);
    clearTimeout(this.#gathering);
    this.#announce();
  }

  #wake(): void {
    if (this.#running || this.#failure || this.#isGathering()) return;
    if (this.#outbox.length === 0 && !this.#isProgressDue()) return this.#schedule();
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (!this.#failure && !this.#isGathering() && (this.#outbox.length > 0 || this.#isProgressDue())) await this.#appendOnce();
      this.#running = false;
      this.#schedule();
    } catch (error) {
      this.#running = false;
      this.abandon(classify(error));
      this.#options.onFailure(classify(error));
    }
    this.#announce();
  }

  async #appendOnce(): Promise<void> {
    const batch = this.#outbox.take();
    const progress = this.#isProgressDue() ? this.#durable : null;
    if (batch.length > 0) await hit('cdc.before-publish');
    const started = performance.now();
    await this.#options.producer.append(progress ? [...batch, this.#options.progressRecord(progress)] : batch, this.#options.refused);
    this.#options.metrics.appendSeconds.observe((performance.now() - started) / 1000);
    if (batch.length > 0) {
      await hit('cdc.after-publish');
      this.#options.onDurable(batch);
      this.#measure(batch.length);
    }
    if (progress) await this.#confirm(progress);
    this.#settle(batch.length, this.#linger.afterRecordsMs);
    this.#announce();
  }

  async #confirm(progress: Position): Promise<void> {
    this.#written = progress;
    this.#progressDue = Number.POSITIVE_INFINITY;
    await hit('cdc.after-progress');
    await hit('cdc.before-acknowledge');
    this.#options.acknowledge(progress.end);
  }

  /** `count` records are out: takes over the position this reaches, to be written as progress within `withinMs`. */
  #settle(count: number, withinMs: number): void {
    const reached = this.#outbox.settle(count);
    while (this.#waiting[0] && this.#waiting[0].upTo <= this.#outbox.settled) this.#waiting.shift()?.resolve();
    if (reached && differs(reached.position, this.#durable)) this.#durable = reached.position;
    if (this.#durable !== this.#written) this.#progressDue = Math.min(this.#progressDue, performance.now() + withinMs);
    if (reached?.commitTime) this.#measureLag(reached.commitTime);
  }

  /** Under a backlog full batches cost the broker a third of what it takes to have all that is there at each time. */
  #isGathering(): boolean {
    return this.#more && !this.#draining && this.#outbox.bytes < BATCH_BYTES;
  }

  #isProgressDue(): boolean {
    return this.#durable !== this.#written && (this.#draining || performance.now() >= this.#progressDue);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#failure || this.#durable === this.#written) return;
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, Math.ceil(this.#progressDue - performance.now())));
  }

  #announce(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  #measure(records: number): void {
    this.#options.metrics.published.inc(records);
    this.#options.metrics.batchRecords.observe(records);
  }

  #measureLag(commitTime: bigint): void {
    const { clock, metrics } = this.#options;
    metrics.lastCommitTime.set(Number(commitTime) / 1e6);
    metrics.lagSeconds.observe(Math.max(0, clock.now() - Number(commitTime / 1000n)) / 1000);
  }
}

function differs(a: Position, b: Position): boolean {
  return a.end !== b.end || a.open?.commitLsn !== b.open?.commitLsn || a.open?.changes !== b.open?.changes;
}
