import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect, isDeepStrictEqual } from 'node:util';
import { Registry } from 'prom-client';
import { formatEventId } from '#contracts/topics/event-id';
import type { ChangeLog, LogRecord, Producer } from '#libs/changelog/change-log';
import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import { currentSql } from '#libs/lakehouse/history/current-sql';
import { baseName, historyName, rowColumns } from '#libs/lakehouse/history/history-columns';
import { mergedOffsets } from '#libs/lakehouse/history/progress';
import type { LakeValue } from '#libs/lakehouse/lake-type';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { HistoryFeeds } from '../ingest/history-feeds.ts';
import type { ReadSource } from '../ingest/history-table.ts';
import type { FeedState } from '../ingest/partition-feed.ts';
import { batchMaker } from '../ingest/make-batch.ts';
import type { LakehouseConfig } from '../lakehouse-config.ts';
import { createLakehouseMetrics } from '../metrics.ts';
import { shapeOf } from '../shape/pg-type.ts';
import { keyOf, Upkeep } from '../upkeep/upkeep.ts';

export type Row = Record<string, LakeValue>;
const silent = createServiceRuntime('test', { LOG_LEVEL: process.env['LAKEHOUSE_TEST_LOG'] ?? 'silent' });

/** A change as a test says it; `after` is JSON text, so that its digits are its own. */
export interface Change {
  op: 'c' | 'u' | 'd' | 't' | 'r';
  before?: string;
  after?: string;
  key?: string;
  lsn?: bigint;
  ordinal?: number;
  headers?: Record<string, string>;
  table?: string;
}

export interface HarnessOptions {
  log?: ChangeLog;
  lakehouse?: Lakehouse;
  /** Of topics' names. */
  prefix?: string;
  topics?: { partitions: number; retentionMs: number | null };
}

/** A change log, a lakehouse on disk, and any number of instances between them. */
export class HistoryHarness {
  readonly directory: string;
  readonly log: ChangeLog;
  readonly lakehouse: Lakehouse;
  readonly #producer: Producer;
  readonly #prefix: string;
  readonly #topics: { partitions: number; retentionMs: number | null };
  readonly #running: HistoryFeeds[] = [];
  #lsn = 1n;

  private constructor(
    directory: string,
    parts: Pick<HistoryHarness, 'log' | 'lakehouse'> & { producer: Producer } & Required<Pick<HarnessOptions, 'prefix' | 'topics'>>,
  ) {
    this.directory = directory;
    this.log = parts.log;
    this.lakehouse = parts.lakehouse;
    this.#producer = parts.producer;
    this.#prefix = parts.prefix;
    this.#topics = parts.topics;
  }

  /** On an embedded log and a lakehouse on disk, or on those that are given. */
  static async create({ prefix = 'test', topics = { partitions: 1, retentionMs: null }, ...given }: HarnessOptions = {}): Promise<HistoryHarness> {
    const directory = await mkdtemp(join(tmpdir(), 'lakeloop-history-'));
    const log = given.log ?? (await SqliteChangeLog.open({ directory: join(directory, 'log'), logger: silent.logger, retentionCheckMs: 20 }));
    const lakehouse = given.lakehouse ?? (await openDeltaLakehouse({ root: join(directory, 'lake'), logger: silent.logger }));
    return new HistoryHarness(directory, { log, lakehouse, producer: await log.openProducer(prefix), prefix, topics });
  }

  /** Starts an instance. `types`: PostgreSQL type names by column, with a modifier after a colon. */
  async run(
    types: Record<string, string> | undefined,
    config: Partial<LakehouseConfig> = {},
    instance = 'a',
    dialect = this.lakehouse.dialect,
  ): Promise<HistoryFeeds> {
    const columns = (): { name: string; type: ReturnType<typeof shapeOf> }[] =>
      Object.entries(types ?? {}).map(([name, type]) => ({ name, type: shapeOf(type.split(':')[0] ?? '', Number(type.split(':')[1] ?? -1)) }));
    const readSource: ReadSource | undefined = types && (async () => ({ columns: columns(), key: ['id'] }));
    const full: LakehouseConfig = {
      topicPrefix: this.#prefix,
      stagingDirectory: join(this.directory, `staging-${instance}`),
      flushMs: 50,
      flushRows: 100_000,
      compactMs: 3_600_000,
      retentionHours: 168,
      discoverMs: 20,
      ...config,
    };
    const feeds = new HistoryFeeds({
      config: full,
      changeLog: this.log,
      lakehouse: this.lakehouse,
      readSource,
      makeBatch: batchMaker(dialect, full.stagingDirectory),
      runtime: silent,
      metrics: createLakehouseMetrics(new Registry(), () => new Map()),
    });
    this.#running.push(feeds);
    await feeds.run();
    return feeds;
  }

  async append(changes: readonly Change[], table = 't'): Promise<void> {
    await this.log.ensureTopic(`${this.#prefix}.public.${table}`, { ...this.#topics, cleanup: 'delete' });
    await this.#producer.append(changes.map((change) => this.#record(change, table)));
  }

  /** Records as they are. */
  async appendRaw(values: readonly (string | null)[], table = 't'): Promise<void> {
    const topic = `${this.#prefix}.public.${table}`;
    await this.log.ensureTopic(topic, { ...this.#topics, cleanup: 'delete' });
    await this.#producer.append(
      values.map((value) => ({ topic, key: Buffer.from('{"id":1}'), value: value === null ? null : Buffer.from(value), headers: {} })),
    );
  }

  #record(
    { op, before = 'null', after = 'null', key = '{"id":1}', lsn = (this.#lsn += 1n), ordinal = 0, headers = {}, table: named }: Change,
    table: string,
  ): LogRecord {
    const source = `{"version":"0.1.0","connector":"postgresql","name":"test","ts_ms":1700000000000,"snapshot":"false","db":"d","sequence":"[]","ts_us":1700000000000123,"ts_ns":1700000000000123000,"schema":"public","table":"${named ?? table}","txId":1,"lsn":${lsn},"xmin":null}`;
    const value = `{"before":${before},"after":${after},"source":${source},"op":"${op}","ts_ms":1,"transaction":null}`;
    const id = formatEventId({ systemId: '7301234567890123456', timeline: 1, commitLsn: lsn, ordinal });
    return { topic: `${this.#prefix}.public.${table}`, key: op === 't' ? null : Buffer.from(key), value: Buffer.from(value), headers: { id, ...headers } };
  }

  /** Merges and clean-up of a table's derived tables, for tests that say when. */
  upkeep(table = 't', options: { sliceChanges?: bigint; retentionHours?: number } = {}): Upkeep {
    const source = { schema: 'public', table };
    const history = { schema: 'public', name: historyName(table) };
    return new Upkeep({ lakehouse: this.lakehouse, source, topic: `${this.#prefix}.public.${table}`, history, retentionHours: 168, nowMs: 0, ...options });
  }

  /** Resolves once everything in the topic is in the history. */
  async settled(feeds: HistoryFeeds, table = 't'): Promise<void> {
    const topic = `${this.#prefix}.public.${table}`;
    const states = (): FeedState[] | undefined => feeds.tables.find((feed) => feed.topic === topic)?.partitions.map(({ state }) => state);
    await this.eventually(
      async () => (await this.log.bounds(topic)).every(({ partition, next }) => (states()?.[partition]?.applied ?? 0n) === next),
      () => inspect(states()),
    );
  }

  /** `stuck` says what there is instead. */
  async eventually(condition: () => Promise<boolean>, stuck = (): string => ''): Promise<void> {
    const until = Date.now() + 20_000;
    while (!(await condition())) {
      if (Date.now() > until) throw new Error(`it did not come to pass in 20 s ${stuck()}`);
      await delay(20);
    }
  }

  async query(sql: string): Promise<Row[]> {
    const rows: Row[] = [];
    const { columns, chunks } = await this.lakehouse.query({ sql });
    for await (const chunk of chunks) for (const row of chunk) rows.push(Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])));
    return rows;
  }

  /** Rows of a history table, in the order of the log. */
  async history(table = 't'): Promise<Row[]> {
    const relation = await this.lakehouse.relation({ schema: 'public', name: historyName(table) });
    try {
      return await this.query(`select * from ${relation.sql} order by _offset`);
    } finally {
      await relation.release();
    }
  }

  /** Current rows by key. */
  async current(table = 't'): Promise<Row[]> {
    const merged = await mergedOffsets(this.lakehouse, { schema: 'public', name: baseName(table) });
    const base =
      (await this.lakehouse.describe({ schema: 'public', name: baseName(table) })) &&
      (await this.lakehouse.relation({ schema: 'public', name: baseName(table) }));
    const history = await this.lakehouse.relation({ schema: 'public', name: historyName(table) });
    const input = { dialect: 'duckdb', history: history.sql, base: base?.sql, baseColumns: rowColumns(base?.state.columns ?? []) } as const;
    const all = { ...input, columns: rowColumns(history.state.columns), key: keyOf(history.state) };
    try {
      const rows = await this.query(`select * from ${currentSql(all, merged)} order by id`);
      // What a view has, which can't be told how far the base is.
      const found = await this.query(`select * from ${currentSql(all)} order by id`);
      if (!isDeepStrictEqual(found, rows)) throw new Error(`${inspect(found)} without offsets is not ${inspect(rows)}`);
      return rows;
    } finally {
      await history.release();
      await base?.release();
    }
  }

  async close(): Promise<void> {
    for (const feeds of this.#running) {
      await feeds.drain();
      await feeds.stop();
    }
    await this.log.close();
    await this.lakehouse.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}
