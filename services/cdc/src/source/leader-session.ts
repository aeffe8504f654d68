import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { classify } from '#libs/failure/classify';
import type { Logger } from '#libs/runtime/logger';

const BEAT_MS = 500;
const REOPEN_MS = 1_000;
/** A leader is silent only if it is at two looks that are so far apart: a server that stood still must not count against it. */
const LOOKS_APART_MS = 1_000;

/** `application_name` of replication sessions of capture. */
export const WALSENDER_NAME = 'lakeloop-cdc';

/** `application_name` of the leader's session: at most 63 bytes, whatever the slot's name. */
function nameOf(slot: string): string {
  return `lakeloop-cdc-leader-${createHash('sha256').update(slot).digest('hex').slice(0, 16)}`;
}

/**
 * Shows standbys that this leader is alive: a session that does something twice a second, whose last moment `pg_stat_activity` tells by the server's own clock.
 * The replication session can't serve: a walsender that decodes a large transaction hears nobody for a while.
 */
export class LeaderSession {
  readonly #connectionString: string;
  readonly #slot: string;
  readonly #logger: Logger;
  readonly #ending = new AbortController();
  readonly #done: Promise<void>;

  /** Begins at once; what goes wrong is tried again. */
  constructor({ connectionString, slot, logger }: { connectionString: string; slot: string; logger: Logger }) {
    this.#connectionString = connectionString;
    this.#slot = slot;
    this.#logger = logger;
    this.#done = this.#run();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.#beat().catch((error: unknown) => {
        if (!signal.aborted) this.#logger.warn({ reason: classify(error).message }, 'the session that shows standbys that we live was lost');
      });
      await delay(REOPEN_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #beat(): Promise<void> {
    const { signal } = this.#ending;
    const client = new pg.Client({
      connectionString: this.#connectionString,
      application_name: nameOf(this.#slot),
      connectionTimeoutMillis: 5_000,
      query_timeout: 5_000,
    });
    client.on('error', () => undefined);
    // Whoever waits for the end waits for no server.
    const giveUp = (): void => (client as unknown as WithSocket).connection.stream.destroy();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await client.connect();
      // A leader before us may have left one behind that nobody answers for.
      await client.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid()', [
        nameOf(this.#slot),
      ]);
      while (!signal.aborted) {
        await client.query('select');
        await delay(BEAT_MS, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      signal.removeEventListener('abort', giveUp);
      await client.end().catch(() => undefined);
    }
  }
}

/** `pg` has no way to give up a query but closing its socket. */
interface WithSocket {
  connection: { stream: { destroy(): void } };
}

/** What a standby sees of the leader. */
export class LeaderWatch {
  readonly #pool: pg.Pool;
  readonly #slot: string;
  readonly #silentMs: number;
  #seen: { beat: string; at: number } | undefined;
  /** Process that held the slot of a leader that was ended. */
  #ended: number | undefined;

  /** `silentMs`: silence after which a leader is ended; 0: never. */
  constructor(pool: pg.Pool, slot: string, silentMs: number) {
    this.#pool = pool;
    this.#slot = slot;
    this.#silentMs = silentMs;
  }

  /** Ends the sessions of a leader that was silent for too long, so that its slot is free. Returns for how long, ms; null when there was nothing to do. */
  async endSilent(): Promise<number | null> {
    if (this.#silentMs === 0) return null;
    await this.#endAgain();
    const { rows } = await this.#pool.query<{ beat: string; silent: number }>(
      `select max(state_change)::text as beat, (extract(epoch from clock_timestamp() - max(state_change)) * 1000)::float8 as silent
         from pg_stat_activity where application_name = $1 having max(state_change) is not null`,
      [nameOf(this.#slot)],
    );
    const [leader] = rows;
    const now = performance.now();
    if (!leader || leader.silent < this.#silentMs) {
      this.#seen = undefined;
      return null;
    }
    if (this.#seen?.beat !== leader.beat) this.#seen = { beat: leader.beat, at: now };
    if (now - this.#seen.at < LOOKS_APART_MS) return null;
    await this.#end();
    return leader.silent;
  }

  /**
   * Until it is gone. A walsender whose client does not read waits in the middle of telling it that it is ended, for as long as the client likes; told again, it
   * ends without a word.
   */
  async #endAgain(): Promise<void> {
    if (this.#ended === undefined) return;
    const { rowCount } = await this.#pool.query('select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1 and active_pid = $2', [
      this.#slot,
      this.#ended,
    ]);
    if (rowCount === 0) this.#ended = undefined;
  }

  async #end(): Promise<void> {
    const { rows } = await this.#pool.query<{ pid: number | null }>('select active_pid as pid from pg_replication_slots where slot_name = $1', [this.#slot]);
    this.#ended = rows[0]?.pid ?? undefined;
    await this.#pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = $1 or (application_name = $2 and pid = (select active_pid from pg_replication_slots where slot_name = $3))`,
      [nameOf(this.#slot), WALSENDER_NAME, this.#slot],
    );
  }
}
