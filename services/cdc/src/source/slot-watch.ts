import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { classify } from '#libs/failure/classify';
import { formatLsn, type Lsn } from '#libs/pgoutput/lsn';
import { inspectSlot, walEnd } from '#libs/postgres/replication/slot';
import type { Logger } from '#libs/runtime/logger';
import { LagClock } from './lag-clock.ts';

/** What the slot holds back, as last looked at. */
export interface SlotState {
  confirmed: Lsn;
  serverEnd: Lsn;
  /** WAL between what is confirmed and the end. */
  lagBytes: number;
  /** Since the oldest of it was written. */
  lagSeconds: number;
  /** WAL that the server keeps for the slot: more than the lag while a transaction is open. */
  retainedBytes: number;
  /** WAL that may still be written before the server gives the slot up; null without max_slot_wal_keep_size. */
  safeBytes: number | null;
  alarm: SlotAlarm;
}

export type SlotAlarm = 'none' | 'warning' | 'critical';

export interface SlotWatchOptions {
  pool: pg.Pool;
  slot: string;
  /** Of WAL that is kept; 0: never. */
  warnBytes: number;
  maxBytes: number;
  logger: Logger;
  /** Told what was seen, every time. */
  onState?: (state: SlotState | null) => void;
}

const LOOK_EVERY_MS = 1_000;
/** How often an alarm that lasts is said again. */
const REPEAT_MS = 60_000;
const REMEDY =
  'Look for a slow or absent change log, a paused capture, or a transaction that stays open (pg_stat_activity). Nothing is dropped by capture; ' +
  'the disk of the server fills, or max_slot_wal_keep_size ends the slot';

/** Looks at the slot from beside the stream, also while nobody streams: how much WAL it holds back, how old that is, and whether that is too much. */
export class SlotWatch {
  readonly #options: SlotWatchOptions;
  readonly #clock = new LagClock();
  readonly #ending = new AbortController();
  #state: SlotState | null = null;
  #saidAt = Number.NEGATIVE_INFINITY;
  #loop: Promise<void> | undefined;

  constructor(options: SlotWatchOptions) {
    this.#options = options;
  }

  /** Null before the first look, and while there is no slot or no server. */
  get state(): SlotState | null {
    return this.#state;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.#look().catch((error: unknown) => {
        this.#state = null;
        this.#options.logger.debug({ reason: classify(error).message }, 'the slot could not be looked at');
      });
      this.#options.onState?.(this.#state);
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const { pool, slot } = this.#options;
    const end = await walEnd(pool);
    const found = await inspectSlot(pool, slot);
    const now = performance.now();
    this.#clock.observe(end, now);
    const before = this.#state?.alarm ?? 'none';
    this.#state = found && {
      confirmed: found.confirmed,
      serverEnd: end,
      lagBytes: Math.max(0, Number(end - found.confirmed)),
      lagSeconds: this.#clock.behind(found.confirmed, now),
      retainedBytes: Number(found.retainedBytes),
      safeBytes: found.safeBytes === null ? null : Number(found.safeBytes),
      alarm: this.#alarm(Number(found.retainedBytes), found.safeBytes),
    };
    if (this.#state) this.#say(before, this.#state, now);
  }

  #alarm(retained: number, safe: bigint | null): SlotAlarm {
    const { warnBytes, maxBytes } = this.#options;
    if ((maxBytes > 0 && retained >= maxBytes) || (safe !== null && safe <= 0n)) return 'critical';
    return warnBytes > 0 && retained >= warnBytes ? 'warning' : 'none';
  }

  #say(before: SlotAlarm, { alarm, retainedBytes, safeBytes, lagBytes, lagSeconds, confirmed }: SlotState, now: number): void {
    const { logger, slot } = this.#options;
    if (alarm === before && (alarm === 'none' || now - this.#saidAt < REPEAT_MS)) return;
    this.#saidAt = now;
    const figures = { slot, retainedBytes, safeBytes, lagBytes, lagSeconds, confirmed: formatLsn(confirmed) };
    if (alarm === 'none') logger.info(figures, 'the slot holds back little WAL again');
    else if (alarm === 'warning') logger.warn({ ...figures, hint: REMEDY }, 'the slot holds back more WAL than CDC_SLOT_LAG_WARN_BYTES');
    else logger.error({ ...figures, hint: REMEDY }, 'the slot holds back more WAL than CDC_SLOT_LAG_MAX_BYTES, or than the server grants it');
  }
}

/** Says once what limits the WAL that a slot may hold back. */
export async function adviseWalLimit(pool: pg.Pool, logger: Logger): Promise<void> {
  const { rows } = await pool.query<{ limit: string }>(`select setting as limit from pg_settings where name = 'max_slot_wal_keep_size'`);
  const limit = Number(rows[0]?.limit ?? -1);
  if (limit >= 0)
    return logger.info({ megabytes: limit }, 'a slot that falls behind further than max_slot_wal_keep_size is given up by the server: capture stops then');
  logger.warn(
    { sql: `ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf()` },
    'max_slot_wal_keep_size is unlimited: while capture is away, the slot may fill the disk of the server; choose what the disk can spare',
  );
}
