import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeLog } from '#libs/changelog/change-log';
import { classify } from '#libs/failure/classify';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import type { LakehouseConfig } from '../lakehouse-config.ts';
import type { LakehouseMetrics } from '../metrics.ts';
import { Upkeep } from '../upkeep/upkeep.ts';
import { HistoryTable, type MakeBatch, type ReadSource, type SourceName } from './history-table.ts';
import { PartitionFeed } from './partition-feed.ts';
import { StageThread } from './stage-thread.ts';
import { sourceOfTopic } from './source-of-topic.ts';

export interface HistoryFeedsOptions {
  config: LakehouseConfig;
  changeLog: ChangeLog;
  lakehouse: Lakehouse;
  readSource: ReadSource | undefined;
  makeBatch: MakeBatch;
  runtime: ServiceRuntime;
  metrics: LakehouseMetrics;
}

export interface TableFeed {
  topic: string;
  source: SourceName;
  history: HistoryTable;
  partitions: readonly PartitionFeed[];
  upkeep: Upkeep;
  /** What the last upkeep said, when it failed. */
  upkeepFailure?: string | undefined;
}

/** Every change topic's way into the lakehouse: finds topics as they appear, feeds each partition, and keeps the tables in shape. */
export class HistoryFeeds implements Lifecycle {
  readonly name = 'history feeds';
  readonly #options: HistoryFeedsOptions;
  readonly #feeds = new Map<string, TableFeed>();
  readonly #ending = new AbortController();
  readonly #stageThread = new StageThread();
  #loops: Promise<void>[] = [];

  constructor(options: HistoryFeedsOptions) {
    this.#options = options;
  }

  get tables(): readonly TableFeed[] {
    return [...this.#feeds.values()];
  }

  async run(): Promise<void> {
    const { config } = this.#options;
    // What a killed process staged was never promised to anybody.
    await rm(config.stagingDirectory, { recursive: true, force: true });
    await mkdir(config.stagingDirectory, { recursive: true });
    this.#loops = [
      this.#every(config.discoverMs, 'looking for change topics', () => this.#discover()),
      this.#every(config.compactMs, 'upkeep', () => this.#upkeep()),
    ];
  }

  async drain(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#loops);
    await Promise.all(this.tables.flatMap(({ partitions }) => partitions.map((feed) => feed.close())));
  }

  async stop(): Promise<void> {
    await this.#stageThread.close();
    await rm(this.#options.config.stagingDirectory, { recursive: true, force: true });
  }

  async #every(ms: number, what: string, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#ending;
    let failing = false;
    while (!signal.aborted) {
      try {
        await work();
        failing = false;
      } catch (error) {
        if (!failing) this.#options.runtime.logger.warn({ kind: classify(error).kind }, `${what}: ${classify(error).message}; trying again`);
        failing = true;
      }
      await delay(ms, undefined, { signal }).catch(() => undefined);
    }
  }

  async #discover(): Promise<void> {
    const { changeLog, config } = this.#options;
    const topics = await changeLog.topics(`${config.topicPrefix}.`);
    for (const topic of topics.filter((name) => !this.#feeds.has(name))) {
      const source = await sourceOfTopic(changeLog, config.topicPrefix, topic);
      if (source && !this.#ending.signal.aborted) await this.#feed(topic, source);
    }
  }

  async #feed(topic: string, source: SourceName): Promise<void> {
    const { changeLog, lakehouse, readSource, makeBatch, runtime, config } = this.#options;
    const partitions = await changeLog.bounds(topic);
    const nowMs = (): number => runtime.clock.now();
    const history = new HistoryTable({ lakehouse, source, topic, readSource, makeBatch, nowMs });
    this.#feeds.set(topic, {
      topic,
      source,
      history,
      partitions: partitions.map(({ partition }) => new PartitionFeed({ ...this.#options, topic, partition, source, history, stageThread: this.#stageThread })),
      upkeep: new Upkeep({
        lakehouse,
        source,
        topic,
        history: history.table,
        retentionHours: config.retentionHours,
        nowMs: nowMs(),
        signal: this.#ending.signal,
      }),
    });
    runtime.logger.info({ topic, table: `${source.schema}.${source.table}` }, 'changes of this table go to the lakehouse');
  }

  /** One after the other, so that upkeep never crowds out what is fresh; one table's failure is not another's. */
  async #upkeep(): Promise<void> {
    for (const feed of this.tables) {
      if (this.#ending.signal.aborted) return;
      try {
        const merges = await feed.upkeep.run(this.#options.runtime.clock.now(), feed.partitions.length);
        this.#options.metrics.compactions.inc({ table: `${feed.source.schema}.${feed.source.table}` }, merges);
        feed.upkeepFailure = undefined;
      } catch (error) {
        const { kind, message } = classify(error);
        if (feed.upkeepFailure === undefined) this.#options.runtime.logger.warn({ topic: feed.topic, kind }, `compaction failed: ${message}; trying again`);
        feed.upkeepFailure = message;
      }
    }
  }
}
