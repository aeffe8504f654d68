import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeLog, StoredRecord } from '#libs/changelog/change-log';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';
import { FAILURE_POLICY } from '#libs/failure/policy';
import { backoffMs } from '#libs/runtime/backoff';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import type { LakehouseConfig } from '../lakehouse-config.ts';
import type { LakehouseMetrics } from '../metrics.ts';
import { EventOrder } from '../shape/event-order.ts';
import type { HistoryTable, SourceName } from './history-table.ts';
import { type Parked, Segment } from './segment.ts';
import type { StageThread } from './stage-thread.ts';

/** following: up to date but for what waits to be written. standby: another instance writes this partition, and this one watches. */
export type FeedPhase = 'starting' | 'following' | 'standby' | 'retrying' | 'stopped';

export interface FeedState {
  phase: FeedPhase;
  detail?: string;
  /** Offset up to which the lakehouse has the partition; null before its first record. */
  applied: bigint | null;
  /** The log's end, when it was last looked at. */
  end: bigint;
  /** Age of the oldest change that is not in the lakehouse, seconds; 0 when all are. */
  lagSeconds: number;
  /** Records lost to retention before they were applied. */
  gap: string | undefined;
}

export interface PartitionFeedOptions {
  topic: string;
  partition: number;
  source: SourceName;
  history: HistoryTable;
  changeLog: ChangeLog;
  config: LakehouseConfig;
  runtime: ServiceRuntime;
  metrics: LakehouseMetrics;
  stageThread: StageThread;
}

/** Looks at a standstill of the other instance before this one takes over. */
const PATIENCE = 3;
/** Records after which others get their turn on the event loop. */
const TURN = 200;

/** Brings one partition of a change topic into the history table: reads, stages, writes, and goes on by itself after failures. */
export class PartitionFeed {
  readonly #options: PartitionFeedOptions;
  readonly #order = new EventOrder();
  readonly #ending = new AbortController();
  readonly #label: { table: string };
  #phase: FeedPhase = 'starting';
  #detail: string | undefined;
  #gap: string | undefined;
  #applied: bigint | null = null;
  #end = 0n;
  #position = 0n;
  #segment: Segment | undefined;
  #writing: Promise<void> | undefined;
  #writingSince: number | undefined;
  #key: readonly string[] = [];
  readonly done: Promise<void>;

  constructor(options: PartitionFeedOptions) {
    this.#options = options;
    this.#label = { table: `${options.source.schema}.${options.source.table}` };
    this.done = this.#run();
  }

  get state(): FeedState {
    const oldest = this.#writingSince ?? this.#segment?.oldestMs;
    const lagSeconds = oldest === undefined ? 0 : Math.max(0, (this.#options.runtime.clock.now() - oldest) / 1000);
    return {
      phase: this.#phase,
      ...(this.#detail === undefined ? {} : { detail: this.#detail }),
      applied: this.#nothingWaits && this.#applied !== null ? this.#position : this.#applied,
      end: this.#end,
      lagSeconds,
      gap: this.#gap,
    };
  }

  /** All that was read is in: what is left of the log up to the position are offsets without a record, such as Kafka's transaction markers. */
  get #nothingWaits(): boolean {
    return this.#phase === 'following' && this.#writing === undefined && (this.#segment?.empty ?? true);
  }

  /** Writes what is staged, as far as that works at once, and ends. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await this.#resume();
        await this.#follow(() => (attempt = 0));
      } catch (error) {
        await this.#writing?.catch(() => undefined);
        await this.#drop();
        const failure = classify(error);
        if (failure.kind === 'conflict') await this.#standBy();
        else if (FAILURE_POLICY[failure.kind].reaction === 'retry') await this.#waitAfter(failure, attempt);
        else if (!signal.aborted) return this.#stopFor(failure);
      }
    }
    await this.#drop();
  }

  /** Begins where the lakehouse is. Offsets that retention took are told, and a log that is another than it was stops the feed. */
  async #resume(): Promise<void> {
    const { history, partition, topic, changeLog } = this.#options;
    this.#applied = await history.position(partition);
    this.#order.resume(await history.mark(partition));
    const bounds = (await changeLog.bounds(topic))[partition];
    if (!bounds) throw new Failure('dependency-unavailable', `there is no topic ${topic} now`);
    this.#end = bounds.next;
    if (this.#applied !== null && this.#applied > bounds.next)
      throw new Failure(
        'position-lost',
        `${topic}/${partition} ends at ${bounds.next}, the lakehouse has it up to ${this.#applied}: the topic is another one than before`,
      );
    if (this.#applied !== null && this.#applied < bounds.earliest) this.#tellGap(this.#applied, bounds.earliest);
    this.#position = this.#applied !== null && this.#applied > bounds.earliest ? this.#applied : bounds.earliest;
  }

  async #follow(onProgress: () => void): Promise<void> {
    const { changeLog, topic, partition, config } = this.#options;
    const pollMs = Math.min(500, Math.max(25, config.flushMs / 8));
    while (!this.#ending.signal.aborted) {
      const bounds = (await changeLog.bounds(topic))[partition];
      if (bounds) this.#end = bounds.next;
      if (bounds && bounds.next > this.#position) await this.#read();
      if (this.#due()) await this.#flush();
      // Its failure is ours, whenever it comes.
      if (this.#writing && this.#segment === undefined) await this.#writing;
      this.#enter('following');
      onProgress();
      if (this.#end <= this.#position) await delay(pollMs, undefined, { signal: this.#ending.signal }).catch(() => undefined);
    }
    await this.#flush();
    await this.#writing;
  }

  async #read(): Promise<void> {
    const { changeLog, topic, partition, config } = this.#options;
    let count = 0;
    for await (const record of changeLog.read(topic, partition, this.#position)) {
      // No promise for each record: there may be millions.
      this.#stage((this.#segment ??= await this.#begin(record)), record);
      if (this.#segment.full) await this.#segment.spill();
      this.#position = record.offset + 1n;
      count += 1;
      if (count % TURN === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
      if (this.#segment.records >= config.flushRows) await this.#flush();
      if (this.#ending.signal.aborted) return;
    }
    await this.#segment?.spill();
    // Offsets at the end may hold no record.
    if (count === 0 && this.#end > this.#position) this.#position = this.#end;
  }

  #begin(first: StoredRecord): Promise<Segment> {
    const { config, runtime, stageThread: thread, source } = this.#options;
    const path = join(config.stagingDirectory, `${randomUUID()}.ndjson`);
    return Segment.begin({ path, from: first.offset, nowMs: runtime.clock.now(), thread, source, onParked: (parked) => this.#tellParked(parked) });
  }

  #stage(segment: Segment, record: StoredRecord): void {
    const { metrics } = this.#options;
    if (this.#key.length === 0 && record.key !== null) this.#key = keyColumns(record.key);
    // A tombstone has its delete's id.
    if (record.value !== null && !this.#order.advance(record.headers['id'])) {
      metrics.repeated.inc(this.#label);
      segment.next = record.offset + 1n;
      return;
    }
    segment.add(record);
    segment.mark = this.#order.last;
  }

  #tellParked({ record, reason }: Parked): void {
    const { topic, partition, runtime, metrics } = this.#options;
    metrics.parked.inc(this.#label);
    runtime.logger.error({ topic, partition, offset: String(record.offset), id: record.headers['id'] }, `record parked: ${reason}`);
  }

  #due(): boolean {
    const { config, runtime } = this.#options;
    const segment = this.#segment;
    if (!segment || segment.empty) return false;
    return segment.records >= config.flushRows || runtime.clock.now() - segment.begunMs >= config.flushMs;
  }

  /** Hands the segment over to be written while the next one fills; waits for the one before. */
  async #flush(): Promise<void> {
    await this.#writing;
    const segment = this.#segment;
    if (!segment || segment.empty) return;
    this.#segment = undefined;
    this.#writingSince = segment.oldestMs;
    this.#writing = this.#write(segment);
    // Seen where it is awaited.
    this.#writing.catch(() => undefined);
  }

  async #write(segment: Segment): Promise<void> {
    const { history, partition, metrics, runtime } = this.#options;
    const begun = performance.now();
    try {
      await segment.seal();
      const commit = await history.apply(partition, segment, this.#applied, this.#key);
      this.#applied = segment.next;
      this.#writing = undefined;
      metrics.rows.inc(this.#label, Number(commit.rows));
      metrics.commits.inc(this.#label);
      metrics.writeSeconds.observe((performance.now() - begun) / 1000);
      if (segment.oldestMs !== undefined) metrics.freshness.observe((runtime.clock.now() - segment.oldestMs) / 1000);
    } finally {
      this.#writingSince = undefined;
      await segment.discard();
    }
  }

  /** What was read and is not in was never read. */
  async #drop(): Promise<void> {
    const segment = this.#segment;
    this.#position = this.#applied ?? 0n;
    this.#segment = undefined;
    this.#writing = undefined;
    await segment?.discard();
  }

  /** Another instance was faster: it goes on alone, and is followed from afar until it stands still while there is work. */
  async #standBy(): Promise<void> {
    const { history, partition, changeLog, topic, config } = this.#options;
    this.#enter('standby', 'another instance writes this partition');
    let last = await history.position(partition).catch(() => null);
    for (let still = 0; still < PATIENCE && !this.#ending.signal.aborted;) {
      await delay(Math.max(config.flushMs, 100), undefined, { signal: this.#ending.signal }).catch(() => undefined);
      const now = await history.position(partition).catch(() => last);
      const end = (await changeLog.bounds(topic).catch(() => []))[partition]?.next ?? 0n;
      still = now === last && end > (now ?? 0n) ? still + 1 : 0;
      last = now;
      this.#applied = now;
      this.#end = end;
    }
  }

  async #waitAfter(failure: Failure, attempt: number): Promise<void> {
    const waitMs = backoffMs(attempt);
    const { logger } = this.#options.runtime;
    if (this.#phase !== 'retrying')
      logger.warn({ ...this.#label, kind: failure.kind, hint: FAILURE_POLICY[failure.kind].hint }, `history interrupted: ${failure.message}`);
    this.#enter('retrying', failure.message);
    await delay(waitMs, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }

  #stopFor(failure: Failure): void {
    this.#enter('stopped', `stopped (${failure.kind}): ${failure.message}`);
    this.#options.runtime.logger.error(
      { ...this.#label, err: failure, hint: FAILURE_POLICY[failure.kind].hint },
      `history of ${this.#label.table} stopped: ${failure.message}`,
    );
  }

  #tellGap(from: bigint, to: bigint): void {
    const { topic, partition, runtime, metrics } = this.#options;
    this.#gap = `offsets ${from} to ${to - 1n} were gone before they were applied`;
    metrics.gaps.inc(this.#label);
    runtime.logger.error({ topic, partition, hint: FAILURE_POLICY['position-lost'].hint }, `history of ${this.#label.table} has a gap: ${this.#gap}`);
  }

  #enter(phase: FeedPhase, detail?: string): void {
    if (phase === 'following' && this.#phase === 'retrying') this.#options.runtime.logger.info(this.#label, 'history goes on');
    this.#phase = phase;
    this.#detail = detail;
  }
}

function keyColumns(key: Buffer): string[] {
  try {
    const parsed: unknown = JSON.parse(key.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? Object.keys(parsed) : [];
  } catch {
    return [];
  }
}
