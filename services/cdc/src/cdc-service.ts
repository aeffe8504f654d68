import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { CdcStatus } from '#contracts/http/cdc-status';
import type { ChangeLog } from '#libs/changelog/change-log';
import { classify } from '#libs/failure/classify';
import type { Failure } from '#libs/failure/failure';
import { FAILURE_POLICY } from '#libs/failure/policy';
import { createPool } from '#libs/postgres/pool';
import { backoffMs } from '#libs/runtime/backoff';
import type { Readiness } from '#libs/runtime/health';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { Capture } from './capture.ts';
import type { CaptureOptions } from './capture-options.ts';
import type { CdcConfig } from './cdc-config.ts';
import { createCdcMetrics, type CdcMetrics } from './metrics.ts';
import { type ColumnRules, columnRules } from './change/column-rules.ts';
import { MessageKeys } from './change/message-keys.ts';
import { SESSION_SETTINGS } from '#libs/postgres/replication/session-settings';
import { Rate } from './rate.ts';
import { Signals } from './snapshot/signals.ts';
import { openSnapshotter } from './snapshot/open-snapshotter.ts';
import type { Snapshot } from './snapshot/snapshot.ts';
import type { Snapshotter } from './snapshot/snapshotter.ts';
import { TableTopics } from './publish/table-topics.ts';
import { capturedTables } from './source/captured-tables.ts';
import { LeaderSession } from './source/leader-session.ts';
import { describeStatus } from './status.ts';
import { PublicationReconciler } from './source/publication-reconciler.ts';
import { PublicationWatch } from './source/publication-watch.ts';
import { SchemaWatch } from './source/schema-watch.ts';
import { adviseWalLimit, type SlotState, SlotWatch } from './source/slot-watch.ts';
import { type TableId, TablePatterns } from './source/table-patterns.ts';
import { takeSlot } from './source/take-slot.ts';

export interface CdcOptions {
  config: CdcConfig;
  changeLog: ChangeLog;
  runtime: ServiceRuntime;
  /** Told when the service stops for good and a person must look. A process of its own exits then. */
  onStopped?: (failure: Failure) => void;
  /** Told of every change of state. */
  onState?: (state: CdcState) => void;
  /** Told of every step of a snapshot. */
  onSnapshot?: (snapshot: Snapshot) => void;
  /** Told of the slot whenever it was looked at. */
  onSlot?: (state: SlotState | null) => void;
}

/** What the service is doing, as `/health/ready` shows it: it is ready while it streams or is paused, and while it stands by for a live leader. */
export type CdcState = { phase: CdcStatus['phase']; detail: string };

/** Streaming again within a second or two of a dependency's return is worth the tries. */
const RETRY_AT_MOST_MS = 1_000;
/** How often the publication is compared with CDC_TABLES. */
const RECONCILE_EVERY_MS = 5_000;

/** Keeps one capture running: connects, takes over, goes on after failures that pass, stops at those that don't (libs/failure/policy.ts). */
export class CdcService implements Lifecycle {
  readonly name = 'cdc';
  readonly #options: CdcOptions;
  readonly #patterns: TablePatterns;
  readonly #rules: ColumnRules;
  readonly #keys: MessageKeys;
  readonly #pool: pg.Pool;
  readonly #metrics: CdcMetrics;
  readonly #slotWatch: SlotWatch;
  readonly #reconciler: PublicationReconciler;
  readonly #topics: TableTopics;
  readonly #ending = new AbortController();
  readonly #rate = new Rate();
  readonly #settled = Promise.withResolvers<void>();
  #state: CdcState = { phase: 'connecting', detail: 'starting' };
  #since: number;
  #lastError: CdcStatus['lastError'] = null;
  #records = 0;
  #capture: Capture | undefined;
  #snapshotter: Snapshotter | undefined;
  #reconciling = false;
  #advised = false;
  #loop: Promise<void> | undefined;

  constructor(options: CdcOptions) {
    const { config, runtime } = options;
    this.#options = options;
    this.#since = runtime.clock.now();
    this.#patterns = new TablePatterns(config.CDC_TABLES, config.CDC_TABLES_EXCLUDE, config.CDC_SIGNAL_TABLE);
    this.#rules = columnRules(config);
    this.#keys = new MessageKeys(config.CDC_MESSAGE_KEYS);
    this.#pool = createPool({
      connectionString: config.DATABASE_URL,
      name: 'lakeloop-cdc-catalogue',
      max: 4 + 2 * config.CDC_SNAPSHOT_PARALLEL,
      // A policy that hides rows from this login is an error, not a snapshot with holes.
      settings: { ...SESSION_SETTINGS, row_security: 'off' },
      logger: runtime.logger,
    });
    this.#slotWatch = new SlotWatch({
      pool: this.#pool,
      slot: config.CDC_SLOT,
      warnBytes: config.CDC_SLOT_LAG_WARN_BYTES,
      maxBytes: config.CDC_SLOT_LAG_MAX_BYTES,
      logger: runtime.logger,
      onState: (state) => this.#onSlot(state),
    });
    this.#metrics = createCdcMetrics(runtime.metrics, () => this.#slotWatch.state);
    this.#reconciler = new PublicationReconciler({
      pool: this.#pool,
      publication: config.CDC_PUBLICATION,
      patterns: this.#patterns,
      rowFilters: config.CDC_ROW_FILTERS,
      logger: runtime.logger,
    });
    this.#topics = new TableTopics(options.changeLog, config);
    runtime.health.register('cdc', () => this.#readiness());
  }

  /** Of the session that streams; undefined while another instance does, or none. */
  get snapshotter(): Snapshotter | undefined {
    return this.#snapshotter;
  }

  get state(): CdcState {
    return this.#state;
  }

  /** Resolves once it streams, stands by, or knows why it does neither. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  async status(): Promise<CdcStatus> {
    const { config } = this.#options;
    const tables = await this.#tables().catch(() => []);
    return describeStatus({
      config,
      state: this.#state,
      since: this.#since,
      slot: this.#slotWatch.state,
      capture: this.#capture ?? null,
      throughput: { records: this.#records, recordsPerSecond: Math.round(this.#rate.perSecond) },
      tables,
      lastError: this.#lastError,
      snapshots: this.#snapshotter?.list() ?? [],
    });
  }

  /** False where this instance does not hold the slot. */
  async pause(): Promise<boolean> {
    const capture = this.#capture;
    await capture?.pause(this.#options.runtime.clock.now());
    return this.#entered(capture);
  }

  /** False where this instance does not hold the slot. */
  async resume(): Promise<boolean> {
    const capture = this.#capture;
    await capture?.resume();
    return this.#entered(capture);
  }

  async run(): Promise<void> {
    this.#slotWatch.start();
    this.#loop = this.#keepGoing();
  }

  async drain(): Promise<void> {
    this.#ending.abort();
    await this.#capture?.stop();
    await this.#loop;
  }

  async stop(): Promise<void> {
    await this.#slotWatch.stop();
    await this.#pool.end();
  }

  async #keepGoing(): Promise<void> {
    for (let attempt = 0; !this.#ending.signal.aborted; attempt += 1) {
      try {
        await this.#captureOnce(() => (attempt = 0));
      } catch (error) {
        if (this.#ending.signal.aborted) break;
        const failure = classify(error);
        if (FAILURE_POLICY[failure.kind].reaction !== 'retry') return this.#stopFor(failure);
        await this.#waitAfter(failure, attempt);
      }
    }
    this.#enter({ phase: 'stopped', detail: 'shut down' });
  }

  async #captureOnce(onStreaming: () => void): Promise<void> {
    const options: CaptureOptions = {
      ...this.#options,
      pool: this.#pool,
      patterns: this.#patterns,
      topics: this.#topics,
      rules: this.#rules,
      keys: this.#keys,
      metrics: this.#metrics,
      onStandby: (detail) => this.#enter({ phase: 'standby', detail: `standby: ${detail}` }),
      signal: this.#ending.signal,
    };
    const taken = await takeSlot(options, this.#reconciler);
    const signals = Promise.withResolvers<Signals>();
    signals.promise.catch(() => undefined);
    const capture = await Capture.open(options, taken, async (row) => (await signals.promise).apply(row));
    const { DATABASE_URL: connectionString, CDC_SLOT: slot } = this.#options.config;
    const leader = new LeaderSession({ connectionString, slot, logger: this.#options.runtime.logger });
    this.#capture = capture;
    const running = capture.run();
    running.catch(() => undefined);
    let reconciling: NodeJS.Timeout | undefined;
    // Shut down while the slot was being taken.
    if (this.#ending.signal.aborted) void capture.stop();
    try {
      this.#snapshotter = await openSnapshotter(options, capture);
      this.#snapshotter.start();
      signals.resolve(new Signals({ logger: this.#options.runtime.logger, snapshotter: this.#snapshotter, tables: () => this.#tables() }));
      this.#enterLeading(capture);
      onStreaming();
      void this.#advise();
      const watch = await PublicationWatch.open(options, taken);
      const schemaWatch = new SchemaWatch(options, capture);
      reconciling = setInterval(() => void this.#reconcile(watch, schemaWatch), RECONCILE_EVERY_MS);
      void this.#reconcile(watch, schemaWatch);
      await running;
    } catch (error) {
      signals.reject(error);
      await capture.stop();
      // The session's own end says more than what it took along.
      await running;
      throw error;
    } finally {
      clearInterval(reconciling);
      await leader.close();
      await this.#snapshotter?.stop();
      this.#snapshotter = undefined;
      this.#capture = undefined;
    }
  }

  /** The capture may be over by now. */
  #entered(capture: Capture | undefined): boolean {
    if (!capture || capture !== this.#capture) return false;
    this.#enterLeading(capture);
    return true;
  }

  #enterLeading(capture: Capture): void {
    const { CDC_SLOT: slot } = this.#options.config;
    if (capture.pausedSince === null) return this.#enter({ phase: 'streaming', detail: `streaming from slot ${slot}` });
    const since = new Date(capture.pausedSince).toISOString();
    if (this.#state.phase !== 'paused')
      this.#options.runtime.logger.warn({ slot, since }, 'paused by an operator: the server keeps all WAL from now on, until POST /v1/cdc/resume');
    this.#enter({ phase: 'paused', detail: `paused by an operator since ${since}: slot ${slot} holds WAL back` });
  }

  #onSlot(state: SlotState | null): void {
    void this.#metrics.published.get().then(({ values }) => {
      this.#records = values[0]?.value ?? 0;
      this.#rate.sample(this.#records, performance.now());
    });
    this.#options.onSlot?.(state);
  }

  /** Once for a process. */
  async #advise(): Promise<void> {
    if (this.#advised) return;
    this.#advised = true;
    await adviseWalLimit(this.#pool, this.#options.runtime.logger).catch(() => undefined);
  }

  async #reconcile(watch: PublicationWatch, schemaWatch: SchemaWatch): Promise<void> {
    const capture = this.#capture;
    if (this.#reconciling) return;
    this.#reconciling = true;
    try {
      // Before anything is put back: what was out for a while is told.
      await this.#check(watch);
      await this.#reconciler.reconcile();
      await this.#check(watch);
      const tables = await this.#tables();
      await this.#topics.ensureAll(tables);
      // Tables that came into the publication with rows.
      if (this.#options.config.CDC_SNAPSHOT === 'initial') await this.#snapshotter?.requestMissing(tables);
      await schemaWatch.check();
    } catch (error) {
      const failure = classify(error);
      if (failure.kind === 'position-lost' || failure.kind === 'misconfigured') capture?.fail(failure);
      else this.#options.runtime.logger.warn({ err: error }, 'the publication was not compared with CDC_TABLES');
    } finally {
      this.#reconciling = false;
    }
  }

  async #check(watch: PublicationWatch): Promise<void> {
    const [capture, snapshotter] = [this.#capture, this.#snapshotter];
    if (!capture || !snapshotter) return;
    await watch.check(capture.confirmed, ({ schema, name }) => snapshotter.request({ schema, table: name, cause: 'gap' }));
  }

  #tables(): Promise<TableId[]> {
    return capturedTables({ pool: this.#pool, config: this.#options.config, patterns: this.#patterns });
  }

  async #waitAfter(failure: Failure, attempt: number): Promise<void> {
    const waitMs = backoffMs(attempt, { maxMs: RETRY_AT_MOST_MS });
    this.#noteError(failure);
    this.#enter({ phase: 'connecting', detail: failure.message });
    this.#options.runtime.logger.warn(
      { kind: failure.kind, detail: failure.detail, waitMs, hint: FAILURE_POLICY[failure.kind].hint },
      `capture interrupted: ${failure.message}`,
    );
    await delay(waitMs, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }

  #noteError({ kind, message }: Failure): void {
    this.#lastError = { kind, message, hint: FAILURE_POLICY[kind].hint, at: this.#options.runtime.clock.now() };
  }

  #stopFor(failure: Failure): void {
    this.#noteError(failure);
    this.#enter({ phase: 'stopped', detail: `stopped (${failure.kind}): ${failure.message}` });
    this.#options.runtime.logger.fatal(
      { err: failure, kind: failure.kind, detail: failure.detail, hint: FAILURE_POLICY[failure.kind].hint },
      `capture stopped: ${failure.message}`,
    );
    this.#options.onStopped?.(failure);
  }

  #enter(state: CdcState): void {
    if (state.phase !== this.#state.phase && state.phase !== 'connecting') this.#options.runtime.logger.info({ phase: state.phase }, state.detail);
    if (state.phase !== this.#state.phase) this.#since = this.#options.runtime.clock.now();
    this.#state = state;
    this.#metrics.leader.set(state.phase === 'streaming' ? 1 : 0);
    this.#metrics.paused.set(state.phase === 'paused' ? 1 : 0);
    this.#settled.resolve();
    this.#options.onState?.(state);
  }

  #readiness(): Readiness {
    const { phase, detail } = this.#state;
    const leads = phase === 'streaming' || phase === 'paused';
    if (leads && this.#slotWatch.state?.alarm === 'critical')
      return { ready: false, detail: `${detail}, but the slot holds back ${this.#slotWatch.state.retainedBytes} bytes of WAL` };
    return { ready: leads || phase === 'standby', detail };
  }
}
