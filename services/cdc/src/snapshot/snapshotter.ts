import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Producer } from '#libs/changelog/change-log';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';
import { FAILURE_POLICY } from '#libs/failure/policy';
import { quoteTable } from '#libs/postgres/identifiers';
import { backoffMs } from '#libs/runtime/backoff';
import type { Clock } from '#libs/runtime/clock';
import { hit } from '#libs/runtime/failpoints';
import type { Logger } from '#libs/runtime/logger';
import type { ChunkBounds } from './chunk-query.ts';
import { type ChunkReader, type OpenChunk, OrderChanged, type ReadChunk } from './chunk-reader.ts';
import { OpenAhead } from './open-ahead.ts';
import { isOver, newSnapshot, type Snapshot, type SnapshotRequest } from './snapshot.ts';
import type { WindowOutcome } from '../change/windows.ts';
import type { SnapshotStore } from './snapshot-store.ts';

export interface SnapshotterOptions {
  reader: ChunkReader;
  store: SnapshotStore;
  producer: Producer;
  snapshots: readonly Snapshot[];
  /** Resolves once every record handed to the publisher so far is durable. */
  whenDurable: () => Promise<void>;
  /** Tables at a time. */
  parallel: number;
  clock: Clock;
  logger: Logger;
  /** Told of rows published. */
  onRows: (rows: number) => void;
  /** Told of every step of a snapshot. */
  onStep?: ((snapshot: Snapshot) => void) | undefined;
}

/** How often a running snapshot says how far it is. */
const SAY_EVERY_MS = 10_000;

interface Range {
  /** Begins behind this key; null at the table's start. */
  from: readonly string[] | null;
  chunk: ReadChunk;
}

/**
 * Takes the snapshots of one session, several tables at a time, each in chunks beside the stream. What is out is written down; the next session goes on
 * behind it, so a kill costs the chunks in flight, which then come again.
 */
export class Snapshotter {
  readonly #options: SnapshotterOptions;
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #ending = new AbortController();
  /** Rejects when the session ends; one for all who wait. */
  readonly #ended = Promise.withResolvers<never>();
  readonly #running = new Map<string, Promise<void>>();
  /** When progress was last logged, by snapshot. */
  readonly #said = new Map<string, number>();

  constructor(options: SnapshotterOptions) {
    this.#options = options;
    for (const snapshot of options.snapshots) this.#snapshots.set(snapshot.id, snapshot);
    this.#ended.promise.catch(() => undefined);
  }

  /** In the order in which they were asked for. */
  list(): Snapshot[] {
    return [...this.#snapshots.values()];
  }

  start(): void {
    this.#schedule();
  }

  async request(request: SnapshotRequest): Promise<Snapshot> {
    const snapshot = newSnapshot(randomUUID(), request, this.#options.clock.now());
    // A mistake in the condition, or a table that isn't there, is the asker's to know.
    await this.#options.reader.survey(snapshot);
    await this.#save(snapshot);
    this.#schedule();
    return snapshot;
  }

  /** Asked for under an id of the asker's: what is known already is not asked for again. A mistake in the condition fails the snapshot. */
  async requestOnce(id: string, request: SnapshotRequest): Promise<void> {
    if (this.#snapshots.has(id)) return;
    await this.#save(newSnapshot(id, request, this.#options.clock.now()));
    this.#schedule();
  }

  /** Tables that no snapshot is known of get one: they came into the publication with rows. */
  async requestMissing(tables: readonly { schema: string; name: string }[]): Promise<void> {
    const known = new Set(this.list().map(({ schema, table }) => JSON.stringify([schema, table])));
    for (const { schema, name } of tables) {
      if (known.has(JSON.stringify([schema, name]))) continue;
      await this.#save(newSnapshot(randomUUID(), { schema, table: name, cause: 'added' }, this.#options.clock.now()));
    }
    this.#schedule();
  }

  /** Undefined for an unknown id. A snapshot that is over stays as it is. */
  async change(id: string, state: 'paused' | 'queued' | 'cancelled'): Promise<Snapshot | undefined> {
    const snapshot = this.#snapshots.get(id);
    if (!snapshot || isOver(snapshot)) return snapshot;
    await this.#change(id, { state, ...(state === 'cancelled' ? { endedAt: this.#options.clock.now() } : {}) });
    this.#schedule();
    return this.#get(id);
  }

  /** Ends at the next chunk. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#ended.reject(new Failure('dependency-unavailable', 'the session ended'));
    await Promise.allSettled(this.#running.values());
    await this.#options.producer.close().catch(() => undefined);
  }

  #schedule(): void {
    if (this.#ending.signal.aborted) return;
    for (const snapshot of this.#snapshots.values()) {
      if (this.#running.size >= this.#options.parallel) return;
      if (!isWanted(snapshot) || this.#running.has(snapshot.id)) continue;
      const work = this.#take(snapshot.id).finally(() => {
        this.#running.delete(snapshot.id);
        this.#schedule();
      });
      this.#running.set(snapshot.id, work);
    }
  }

  async #take(id: string): Promise<void> {
    const { logger } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#begin(id);
        await this.#chunks(id, () => (attempt = 0));
        return;
      } catch (error) {
        if (this.#ending.signal.aborted) return;
        if (error instanceof OrderChanged) {
          await this.#beginAnew(id);
          continue;
        }
        const failure = classify(error);
        const { schema, table } = this.#get(id);
        if (failure.kind === 'fenced') return;
        if (FAILURE_POLICY[failure.kind].reaction !== 'retry') return this.#fail(id, failure);
        logger.warn({ schema, table, snapshot: id, reason: failure.message }, 'the snapshot was interrupted; it goes on');
        await delay(backoffMs(attempt), undefined, { signal: this.#ending.signal }).catch(() => undefined);
      }
    }
  }

  /** The table was given another key, or its rows were written anew: what was read of it says nothing of where to go on. */
  async #beginAnew(id: string): Promise<void> {
    const { schema, table } = this.#get(id);
    this.#options.logger.warn({ schema, table, snapshot: id }, 'the order of the table changed under its snapshot, which begins anew');
    await this.#change(id, { startedAt: null, after: null, until: null, order: null, rows: 0, estimatedRows: null });
  }

  /** Notes where the table ends now: rows that come behind it are in the stream, and a table that grows is done all the same. */
  async #begin(id: string): Promise<void> {
    const { reader, clock, logger } = this.#options;
    const before = this.#get(id);
    const survey = before.startedAt === null ? await reader.survey(before) : before;
    // Paused or cancelled meanwhile.
    if (!isWanted(this.#get(id))) return;
    const { estimatedRows, until, order } = survey;
    await this.#change(id, { state: 'running', startedAt: before.startedAt ?? clock.now(), estimatedRows, until: until && [...until], order });
    const { schema, table, rows } = before;
    logger.info({ schema, table, snapshot: id, estimatedRows, rows }, before.startedAt === null ? 'snapshot begins' : 'snapshot goes on');
    if (before.startedAt === null && until === null) await this.#complete(id);
  }

  /** One chunk is read while the one before passes through the stream, and the window of the one behind it opens. */
  async #chunks(id: string, onProgress: () => void): Promise<void> {
    const windows = new OpenAhead(this.#options.reader, this.#get(id));
    let from: readonly string[] | null = this.#get(id).after;
    let ahead: Range | undefined;
    try {
      for (let last = false; !last;) {
        if (this.#ending.signal.aborted || this.#get(id).state !== 'running') return;
        const reading = this.#read(id, await windows.take(), { after: from, until: null }, ahead?.chunk);
        if (ahead && this.#get(id).maxRowsPerSecond === null) windows.prepare();
        const chunk = await reading;
        if (ahead) await this.#settle(id, ahead);
        onProgress();
        ahead = { from, chunk };
        last = chunk.next === null;
        from = chunk.next;
        await this.#throttle(id, chunk.rows);
      }
    } finally {
      await windows.close();
    }
    if (ahead) await this.#settle(id, ahead);
    if (this.#get(id).state === 'running') await this.#complete(id);
  }

  async #read(id: string, opened: OpenChunk, { after, until }: ChunkBounds, previous?: ReadChunk): Promise<ReadChunk> {
    const { schema, table, where, key, order, until: end } = this.#get(id);
    const chunk = await this.#options.reader.read(opened, { schema, table, where, key, order }, { after, until: until ?? end }, previous);
    await hit('cdc.snapshot-chunk-read');
    return chunk;
  }

  /** Once what the stream had no newer news of is out, the snapshot is that far. A chunk that was spoiled is read again, up to where it ended. */
  async #settle(id: string, { from, chunk }: Range): Promise<void> {
    let rows = 0;
    let remaining: Range | null = { from, chunk };
    while (remaining) {
      const outcome: WindowOutcome = await Promise.race([remaining.chunk.outcome, this.#ended.promise]);
      if (outcome.kind === 'published') rows += outcome.rows;
      else this.#options.logger.info({ snapshot: id, reason: outcome.reason }, 'a chunk of the snapshot is read again');
      const next: readonly string[] | null = outcome.kind === 'published' ? remaining.chunk.next : remaining.from;
      // Beyond the first reading, a range ends where the first one did: what follows it is on its way already.
      const done: boolean = outcome.kind === 'published' && (remaining.chunk === chunk || next === null);
      remaining = done ? null : { from: next, chunk: await this.#read(id, await this.#options.reader.open(this.#get(id)), { after: next, until: chunk.next }) };
    }
    await Promise.race([this.#options.whenDurable(), this.#ended.promise]);
    await hit('cdc.snapshot-chunk-durable');
    this.#options.onRows(rows);
    await this.#advance(id, chunk.next, rows);
  }

  async #throttle(id: string, rows: number): Promise<void> {
    const { maxRowsPerSecond } = this.#get(id);
    if (maxRowsPerSecond === null || rows === 0) return;
    await delay((rows / maxRowsPerSecond) * 1_000, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }

  async #complete(id: string): Promise<void> {
    const { clock, logger } = this.#options;
    await this.#change(id, { state: 'completed', endedAt: clock.now() });
    const snapshot = this.#get(id);
    const seconds = (clock.now() - (snapshot.startedAt ?? clock.now())) / 1_000;
    logger.info({ schema: snapshot.schema, table: snapshot.table, snapshot: id, rows: snapshot.rows, seconds }, 'snapshot complete');
  }

  async #fail(id: string, failure: Failure): Promise<void> {
    const { clock, logger } = this.#options;
    const snapshot = this.#get(id);
    logger.error(
      { err: failure, schema: snapshot.schema, table: snapshot.table, hint: FAILURE_POLICY[failure.kind].hint },
      `snapshot failed: ${failure.message}`,
    );
    const remedy =
      failure.kind === 'forbidden' ? `: run GRANT SELECT ON ${quoteTable({ schema: snapshot.schema, name: snapshot.table })} and ask for it again` : '';
    await this.#change(id, { state: 'failed', endedAt: clock.now(), error: `${failure.message}${remedy}` }).catch(() => undefined);
  }

  async #advance(id: string, next: readonly string[] | null, rows: number): Promise<void> {
    const { clock, logger } = this.#options;
    const before = this.#get(id);
    await this.#change(id, { after: next === null ? before.after : [...next], rows: before.rows + rows });
    const now = clock.now();
    if (now - (this.#said.get(id) ?? before.startedAt ?? now) < SAY_EVERY_MS) return;
    this.#said.set(id, now);
    logger.info(describeProgress(this.#get(id), now), 'snapshot under way');
  }

  /** Changes only what is named: what else happened to the snapshot meanwhile stands. */
  async #change(id: string, part: Partial<Snapshot>): Promise<void> {
    await this.#save({ ...this.#get(id), ...part });
  }

  async #save(snapshot: Snapshot): Promise<void> {
    const { producer, store } = this.#options;
    this.#keep(snapshot);
    await producer.append([store.record(snapshot)]);
  }

  #keep(snapshot: Snapshot): void {
    this.#snapshots.set(snapshot.id, snapshot);
    this.#options.onStep?.(snapshot);
  }

  #get(id: string): Snapshot {
    const snapshot = this.#snapshots.get(id);
    if (!snapshot) throw new TypeError(`no snapshot ${id}`);
    return snapshot;
  }
}

function isWanted({ state }: Snapshot): boolean {
  return state === 'queued' || state === 'running';
}

/** A snapshot with how far it is; `percent` and `secondsLeft` by the planner's estimate, null while nothing can be said. */
export function describeProgress(snapshot: Snapshot, now: number) {
  const { estimatedRows, rows, startedAt, endedAt, state } = snapshot;
  const seconds = startedAt === null ? 0 : ((endedAt ?? now) - startedAt) / 1_000;
  const total = estimatedRows === null ? null : Math.max(estimatedRows, rows);
  const percent = state === 'completed' ? 100 : total ? Math.min(99.9, Math.round((rows / total) * 1_000) / 10) : null;
  const rowsPerSecond = seconds > 0 ? Math.round(rows / seconds) : null;
  const secondsLeft = state === 'running' && total !== null && rowsPerSecond ? Math.round((total - rows) / rowsPerSecond) : null;
  return { ...snapshot, percent, rowsPerSecond, secondsLeft };
}
