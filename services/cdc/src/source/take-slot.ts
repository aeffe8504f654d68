import { setTimeout as delay } from 'node:timers/promises';
import type { Producer } from '#libs/changelog/change-log';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';
import type { Lsn } from '#libs/pgoutput/lsn';
import { formatLsn } from '#libs/pgoutput/lsn';
import { publishedTables } from '#libs/postgres/replication/publication';
import { ReplicationConnection, type SystemIdentity } from '#libs/postgres/replication/replication-connection';
import type { ReplicationStream } from '#libs/postgres/replication/replication-stream';
import { createSlot, inspectSlot, walEnd } from '#libs/postgres/replication/slot';
import type { CaptureOptions } from '../capture-options.ts';
import type { Position } from '../change/position.ts';
import { ProgressStore } from '../checkpoint/progress-store.ts';
import { decideStart, fresh, type StartDecision } from '../checkpoint/start-decision.ts';
import { newSnapshot } from '../snapshot/snapshot.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import type { PublicationReconciler } from './publication-reconciler.ts';
import { SetupLock } from './setup-lock.ts';

/** A slot that is ours, with the producer that fences everyone before us, and where to go on. */
export interface TakenSlot {
  identity: SystemIdentity;
  stream: ReplicationStream;
  producer: Producer;
  store: ProgressStore;
  from: Position;
}

/** How soon a standby sees that the leader is gone. */
const STANDBY_POLL_MS = 250;

/** Takes the slot, or waits for it as a standby. Rejects with the Failure that stops (decisions.md 15, 18) or delays this instance. */
export async function takeSlot(options: CaptureOptions, reconciler: PublicationReconciler): Promise<TakenSlot> {
  const taking = new SlotTaking(options, reconciler);
  for (;;) {
    options.signal.throwIfAborted();
    const taken = await taking.attempt();
    if (taken) return taken;
    options.onStandby(`another instance streams from slot ${options.config.CDC_SLOT}`);
    await delay(STANDBY_POLL_MS, undefined, { signal: options.signal });
  }
}

class SlotTaking {
  readonly #options: CaptureOptions;
  readonly #reconciler: PublicationReconciler;
  readonly #store: ProgressStore;
  readonly #snapshots: SnapshotStore;

  constructor(options: CaptureOptions, reconciler: PublicationReconciler) {
    this.#options = options;
    this.#reconciler = reconciler;
    const { changeLog, config } = options;
    this.#store = new ProgressStore(changeLog, config.CDC_TOPIC_PREFIX, config.CDC_SLOT);
    this.#snapshots = new SnapshotStore(changeLog, config.CDC_TOPIC_PREFIX, config.CDC_SLOT);
  }

  /** Null while another instance holds the slot, or is about to. */
  async attempt(): Promise<TakenSlot | null> {
    const { pool, config } = this.#options;
    await this.#reach();
    if ((await inspectSlot(pool, config.CDC_SLOT))?.active) return null;
    const lock = await SetupLock.take(pool, `lakeloop.cdc:${config.CDC_SLOT}`);
    if (!lock) return null;
    try {
      return await this.#attemptLocked();
    } finally {
      await lock.release();
    }
  }

  /** Whatever keeps us from logging in may be put right on the server: it is waited for. */
  async #reach(): Promise<void> {
    await this.#options.pool.query('select').catch((error: unknown) => {
      throw new Failure('dependency-unavailable', `no connection to Postgres: ${classify(error).message}`, { cause: error });
    });
  }

  async #attemptLocked(): Promise<TakenSlot | null> {
    const { config, runtime } = this.#options;
    const connection = await ReplicationConnection.open({ connectionString: config.DATABASE_URL, name: 'lakeloop-cdc' });
    let stream: ReplicationStream | undefined;
    try {
      const identity = await connection.identifySystem();
      await this.#prepare();
      const decision = await this.#decide(identity);
      const created = decision.action === 'create' ? await this.#create(identity) : null;
      const from = decision.action === 'stream' ? decision.from : fresh(created?.start as Lsn);
      stream = await this.#start(connection, from);
      if (!stream) return null;
      const producer = created?.producer ?? (await this.#fence());
      // The producer before us may have got further until it was fenced: only now is progress final.
      const final = created ? from : this.#positionOf(await this.#decide(identity));
      if (final.end !== from.end) runtime.logger.info({ from: formatLsn(final.end) }, 'the instance before had published more');
      return { identity, stream, producer, store: this.#store, from: final };
    } catch (error) {
      await stream?.close();
      throw error;
    } finally {
      if (!stream) await connection.close();
    }
  }

  async #prepare(): Promise<void> {
    const { rows } = await this.#options.pool.query<{ level: string }>(`select current_setting('wal_level') as level`);
    if (rows[0]?.level !== 'logical') {
      throw new Failure('misconfigured', `wal_level is ${rows[0]?.level}: run ALTER SYSTEM SET wal_level = 'logical' and restart PostgreSQL`);
    }
    await this.#reconciler.reconcile();
    await this.#store.ensure();
    await this.#snapshots.ensure();
  }

  /** The slot is looked at before progress: a leader that goes on meanwhile writes progress first, so progress is never the older one. */
  async #decide(identity: SystemIdentity): Promise<Exclude<StartDecision, { action: 'stop' }>> {
    const { pool, config, runtime } = this.#options;
    const slot = await inspectSlot(pool, config.CDC_SLOT);
    const progress = await this.#store.read();
    const server = { ...identity, walEnd: await walEnd(pool) };
    const decision = decideStart({ progress, slot, server, fingerprint: fingerprintOf(config), adopt: config.CDC_ADOPT_POSITION });
    if (decision.action === 'stop') throw new Failure(decision.kind, decision.reason, { detail: { slot: config.CDC_SLOT } });
    if (decision.gap)
      runtime.logger.error({ slot: config.CDC_SLOT, reason: decision.gap }, 'going on after a gap, as CDC_ADOPT_POSITION says: events may be missing');
    return decision;
  }

  #positionOf(decision: Exclude<StartDecision, { action: 'stop' }>): Position {
    if (decision.action === 'stream') return decision.from;
    throw new Failure('position-lost', 'the slot was dropped while it was being taken', { detail: { slot: this.#options.config.CDC_SLOT } });
  }

  /** Says in the log that the slot is about to be ours, makes it, and says where it starts. */
  async #create({ systemId, timeline }: SystemIdentity): Promise<{ producer: Producer; start: Lsn }> {
    const { config, runtime, signal } = this.#options;
    const producer = await this.#fence();
    await producer.append([this.#store.record({ state: 'creating', systemId, timeline })]);
    runtime.logger.info({ slot: config.CDC_SLOT }, 'creating the replication slot: the server waits for every transaction that is open now');
    const start = await createSlot({ connectionString: config.DATABASE_URL, name: config.CDC_SLOT, signal });
    if (config.CDC_SNAPSHOT === 'initial') await this.#askForSnapshots();
    await producer.append([this.#store.record({ state: 'streaming', systemId, timeline, position: fresh(start), fingerprint: fingerprintOf(config) })]);
    return { producer, start };
  }

  /** Before the slot counts as taken: a kill in between takes it anew, and asks again. */
  async #askForSnapshots(): Promise<void> {
    const { pool, config, patterns, runtime } = this.#options;
    const tables = (await publishedTables(pool, config.CDC_PUBLICATION)).filter((table) => patterns.matches(table));
    const known = new Set((await this.#snapshots.read()).map(({ id }) => id));
    const requests = tables
      .map(({ schema, name }) => newSnapshot(`initial:${schema}.${name}`, { schema, table: name, cause: 'initial' }, runtime.clock.now()))
      .filter(({ id }) => !known.has(id));
    const producer = await this.#snapshots.openProducer();
    try {
      if (requests.length > 0) await producer.append(requests.map((snapshot) => this.#snapshots.record(snapshot)));
    } finally {
      await producer.close();
    }
  }

  async #fence(): Promise<Producer> {
    return this.#options.changeLog.openProducer(`cdc:${this.#options.config.CDC_SLOT}`);
  }

  async #start(connection: ReplicationConnection, from: Position): Promise<ReplicationStream | undefined> {
    const { config } = this.#options;
    try {
      return await connection.start({ slot: config.CDC_SLOT, publication: config.CDC_PUBLICATION, from: from.end });
    } catch (error) {
      if (error instanceof Failure && error.kind === 'conflict') return undefined;
      throw error;
    }
  }
}

/** What decides which change messages a transaction has: a count inside one holds only under the same. */
export function fingerprintOf(config: CaptureOptions['config']): string {
  return `pgoutput-1:${config.CDC_PUBLICATION}`;
}
