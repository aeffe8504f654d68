import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { CONTROL, pauseRecord } from '#contracts/topics/control-record';
import { gapTopic } from '#contracts/topics/gap-event';
import type { LogRecord, Producer } from '#libs/changelog/change-log';
import { Failure } from '#libs/failure/failure';
import type { Lsn } from '#libs/pgoutput/lsn';
import { formatLsn } from '#libs/pgoutput/lsn';
import { findPublication } from '#libs/postgres/replication/publication';
import { connectionRefused, ReplicationConnection, type SystemIdentity } from '#libs/postgres/replication/replication-connection';
import type { ReplicationStream } from '#libs/postgres/replication/replication-stream';
import { createSlot, dropSlot, inspectSlot, slotHolder, walEnd } from '#libs/postgres/replication/slot';
import type { CaptureOptions } from '../capture-options.ts';
import type { Position } from '../change/position.ts';
import { ControlStore } from '../checkpoint/control-store.ts';
import { gapRecord } from '../checkpoint/gap-record.ts';
import type { Gap, Progress } from '../checkpoint/progress.ts';
import { ProgressStore } from '../checkpoint/progress-store.ts';
import { decideStart, fresh, type StartDecision } from '../checkpoint/start-decision.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { askForSnapshots } from './initial-snapshots.ts';
import { LeaderWatch, WALSENDER_NAME } from './leader-session.ts';
import { checkServer } from './preflight.ts';
import type { PublicationReconciler } from './publication-reconciler.ts';
import { refuseHiddenKeys } from './refuse-hidden-keys.ts';
import { SetupLock } from './setup-lock.ts';

/** A slot that is ours, with the producer that fences everyone before us, and where to go on. */
export interface TakenSlot {
  identity: SystemIdentity;
  publicationOid: string;
  stream: ReplicationStream;
  producer: Producer;
  store: ProgressStore;
  control: ControlStore;
  from: Position;
  /** An operator's word that holds until it is taken back; ms since the epoch. */
  pausedSince: number | null;
}

/** How soon a standby sees that the leader is gone. */
const STANDBY_POLL_MS = 100;

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

type Server = SystemIdentity & { history: ReadonlyMap<number, Lsn> };

interface Situation {
  server: Server;
  publicationOid: string;
}

type Decided = Exclude<StartDecision, { action: 'stop' }> & { progress: Progress | null; failover: boolean | null };

class SlotTaking {
  readonly #options: CaptureOptions;
  readonly #reconciler: PublicationReconciler;
  readonly #store: ProgressStore;
  readonly #snapshots: SnapshotStore;
  readonly #control: ControlStore;
  readonly #leader: LeaderWatch;

  constructor(options: CaptureOptions, reconciler: PublicationReconciler) {
    this.#options = options;
    this.#reconciler = reconciler;
    const { changeLog, config } = options;
    this.#store = new ProgressStore(changeLog, config.CDC_TOPIC_PREFIX, config.CDC_SLOT);
    this.#snapshots = new SnapshotStore(changeLog, config.CDC_TOPIC_PREFIX, config.CDC_SLOT);
    this.#leader = new LeaderWatch(options.pool, config.CDC_SLOT, config.CDC_TAKEOVER_AFTER_MS);
    this.#control = new ControlStore(changeLog, config.CDC_TOPIC_PREFIX, config.CDC_SLOT);
  }

  /** Null while another instance holds the slot, or is about to. */
  async attempt(): Promise<TakenSlot | null> {
    const { pool, config } = this.#options;
    await this.#reach();
    if (await this.#isHeld()) return null;
    const lock = await SetupLock.take(pool, `lakeloop.cdc:${config.CDC_SLOT}`);
    if (!lock) return null;
    try {
      return await this.#attemptLocked();
    } finally {
      await lock.release();
    }
  }

  /** By one of us. A stranger on the slot takes events away from us: that is no leader to stand by for. */
  async #isHeld(): Promise<boolean> {
    const { pool, config, runtime } = this.#options;
    const holder = await slotHolder(pool, config.CDC_SLOT);
    if (holder === null) return false;
    if (holder.application === null || holder.application.startsWith('lakeloop')) {
      const silentMs = await this.#leader.endSilent();
      if (silentMs !== null)
        runtime.logger.warn({ slot: config.CDC_SLOT, silentMs }, 'the leader was silent: its sessions were ended, and this instance takes over');
      return true;
    }
    const { pid, application, address } = holder;
    throw new Failure(
      'dependency-unavailable',
      `slot ${config.CDC_SLOT} is in use by another consumer: ${application || 'a client without a name'} (process ${pid}${address ? ` from ${address}` : ''}). ` +
        'End it, or choose another CDC_SLOT',
    );
  }

  /** Whatever keeps us from logging in may be put right on the server: it is waited for. */
  async #reach(): Promise<void> {
    await this.#options.pool.query('select').catch((error: unknown) => {
      throw connectionRefused('no connection to Postgres', error);
    });
  }

  async #attemptLocked(): Promise<TakenSlot | null> {
    const { config } = this.#options;
    const connection = await ReplicationConnection.open({ connectionString: config.DATABASE_URL, name: WALSENDER_NAME });
    let stream: ReplicationStream | undefined;
    try {
      const server = await this.#identify(connection);
      await this.#prepare();
      const publication = await findPublication(this.#options.pool, config.CDC_PUBLICATION);
      const situation = { server, publicationOid: publication?.oid ?? '' };
      const decision = await this.#decide(situation);
      if (decision.action === 'stream' && decision.failover === false) await this.#keepOnStandbys(connection);
      const created = decision.action === 'stream' ? null : await this.#create(situation, decision);
      const from = decision.action === 'stream' ? decision.from : fresh(created?.start as Lsn);
      stream = await this.#start(connection, from);
      if (!stream) return null;
      const producer = created?.producer ?? (await this.#fence());
      const final = created ? from : await this.#settle(producer, situation, from);
      return {
        identity: server,
        publicationOid: situation.publicationOid,
        stream,
        producer,
        store: this.#store,
        control: this.#control,
        from: final,
        pausedSince: await this.#pausedSince(),
      };
    } catch (error) {
      await stream?.close();
      throw error;
    } finally {
      if (!stream) await connection.close();
    }
  }

  async #pausedSince(): Promise<number | null> {
    const value = await this.#control.read(CONTROL.pause);
    return value === null ? null : pauseRecord.parse(value).since;
  }

  async #identify(connection: ReplicationConnection): Promise<Server> {
    const identity = await connection.identifySystem();
    await checkServer(this.#options.pool);
    return { ...identity, history: await connection.timelineHistory(identity.timeline) };
  }

  async #prepare(): Promise<void> {
    const { changeLog, config } = this.#options;
    await refuseHiddenKeys(this.#options.pool, this.#options.patterns, this.#options.rules);
    await this.#reconciler.reconcile();
    // At once: each is several round trips, and a restart finds all of them there.
    await Promise.all([
      this.#store.ensure(),
      this.#options.topics.ensureOwn(),
      this.#snapshots.ensure(),
      this.#control.ensure(),
      changeLog.ensureTopic(gapTopic(config.CDC_TOPIC_PREFIX), { partitions: 1, cleanup: 'delete', retentionMs: null }),
    ]);
  }

  /** A slot from before an upgrade, or of somebody's making, gets what one of ours has. */
  async #keepOnStandbys(connection: ReplicationConnection): Promise<void> {
    const { config, runtime } = this.#options;
    const { CDC_SLOT: slot } = config;
    await connection.keepOnStandbys(slot).then(
      () => runtime.logger.info({ slot }, 'the slot is kept in step on standbys from now on'),
      (error: unknown) => runtime.logger.warn({ err: error, slot }, 'the slot is not kept in step on standbys: a promotion would lose it'),
    );
  }

  /** The slot is looked at before progress: a leader that goes on meanwhile writes progress first, so progress is never the older one. */
  async #decide({ server, publicationOid }: Situation): Promise<Decided> {
    const { pool, config } = this.#options;
    const slot = await inspectSlot(pool, config.CDC_SLOT);
    const progress = await this.#store.read();
    const switchedAt = (progress && server.history.get(progress.timeline)) ?? null;
    const decision = decideStart({
      progress,
      slot,
      server: { ...server, walEnd: await walEnd(pool), switchedAt },
      publicationOid,
      fingerprint: fingerprintOf(config),
      adopt: config.CDC_ADOPT_POSITION,
    });
    if (decision.action === 'stop') throw new Failure(decision.kind, decision.reason, { detail: { slot: config.CDC_SLOT } });
    return { ...decision, progress, failover: slot?.failover ?? null };
  }

  /** The producer before us may have got further until it was fenced: only now is progress final. What is new about it is written down before it counts. */
  async #settle(producer: Producer, situation: Situation, from: Position): Promise<Position> {
    const { config, runtime } = this.#options;
    const { server, publicationOid } = situation;
    const decision = await this.#decide(situation);
    if (decision.action !== 'stream')
      throw new Failure('position-lost', 'the slot was dropped while it was being taken', { detail: { slot: config.CDC_SLOT } });
    const { progress, gap } = decision;
    if (decision.from.end !== from.end) runtime.logger.info({ from: formatLsn(decision.from.end) }, 'the instance before had published more');
    if (progress?.state === 'streaming' && progress.timeline !== server.timeline && !gap)
      runtime.logger.warn(
        { timeline: server.timeline, before: progress.timeline },
        'the server was promoted; it has everything that was published, and capture goes on',
      );
    if (gap) await this.#tellGap(producer, situation, gap, decision.from.end);
    const known = progress?.state === 'streaming' && progress.timeline === server.timeline && progress.publicationOid === publicationOid;
    if (gap || !known) await producer.append([this.#progressAt(situation, decision.from)]);
    return decision.from;
  }

  /** Says in the log that the slot is about to be ours, makes it, and says where it starts. */
  async #create(situation: Situation, { action, gap }: { action: 'create' | 'recreate'; gap: Gap | null }): Promise<{ producer: Producer; start: Lsn }> {
    const { config, runtime, signal, pool } = this.#options;
    const { systemId, timeline } = situation.server;
    const producer = await this.#fence();
    await producer.append([this.#store.record({ state: 'creating', systemId, timeline, gap })]);
    if (action === 'recreate') await dropSlot(pool, config.CDC_SLOT);
    runtime.logger.info({ slot: config.CDC_SLOT }, 'creating the replication slot: the server waits for every transaction that is open now');
    const start = await createSlot({ connectionString: config.DATABASE_URL, name: config.CDC_SLOT, signal });
    if (gap) await this.#tellGap(producer, situation, gap, start);
    else if (config.CDC_SNAPSHOT === 'initial') await askForSnapshots(this.#options, this.#snapshots, 'initial');
    await producer.append([this.#progressAt(situation, fresh(start))]);
    return { producer, start };
  }

  /** An event in the stream, and what was missed of rows that are still there is read again. A kill before progress is written tells it again. */
  async #tellGap(producer: Producer, { server }: Situation, gap: Gap, to: Lsn): Promise<void> {
    const { config, runtime } = this.#options;
    runtime.logger.error({ slot: config.CDC_SLOT, gap: gap.reason }, `going on after a gap, as CDC_ADOPT_POSITION says: ${gap.detail}`);
    await producer.append([gapRecord(config, server, { ...gap, to, tables: null }, runtime.clock.now())]);
    if (config.CDC_SNAPSHOT === 'initial') await askForSnapshots(this.#options, this.#snapshots, `gap:${formatLsn(to)}`);
  }

  #progressAt({ server: { systemId, timeline }, publicationOid }: Situation, position: Position): LogRecord {
    return this.#store.record({ state: 'streaming', systemId, timeline, position, fingerprint: fingerprintOf(this.#options.config), publicationOid });
  }

  async #fence(): Promise<Producer> {
    return this.#options.changeLog.openProducer(`cdc:${this.#options.config.CDC_SLOT}`);
  }

  async #start(connection: ReplicationConnection, from: Position): Promise<ReplicationStream | undefined> {
    const { config } = this.#options;
    try {
      return await connection.start({
        slot: config.CDC_SLOT,
        publication: config.CDC_PUBLICATION,
        from: from.end,
        heartbeatMs: config.CDC_HEARTBEAT_MS,
        maxChangeBytes: config.CDC_MAX_ROW_BYTES,
      });
    } catch (error) {
      if (error instanceof Failure && error.kind === 'conflict') return undefined;
      throw error;
    }
  }
}

/** What decides which change messages a transaction has: a count inside one holds only under the same. */
export function fingerprintOf(config: CaptureOptions['config']): string {
  const { CDC_PUBLICATION, CDC_TABLES, CDC_TABLES_EXCLUDE, CDC_COLUMNS_INCLUDE, CDC_COLUMNS_EXCLUDE, CDC_COLUMNS_MASK, CDC_ROW_FILTERS } = config;
  const lists = [CDC_TABLES, CDC_TABLES_EXCLUDE, CDC_COLUMNS_INCLUDE, CDC_COLUMNS_EXCLUDE, CDC_COLUMNS_MASK];
  const filters = JSON.stringify([...lists, CDC_ROW_FILTERS]);
  return `pgoutput-1:${CDC_PUBLICATION}${filters === '[[],[],[],[],[],{}]' ? '' : `:${createHash('sha256').update(filters).digest('hex').slice(0, 16)}`}`;
}
