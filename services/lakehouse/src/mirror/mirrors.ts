import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { MirrorReport } from '#contracts/http/lakehouse';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';
import type { Lakehouse, LakeTableState } from '#libs/lakehouse/lakehouse';
import { quoteTable } from '#libs/postgres/identifiers';
import { transaction } from '#libs/postgres/transaction';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { Logger } from '#libs/runtime/logger';
import type { Mirror, MirrorDefinition } from './mirror.ts';
import { dueMirrors, findMirror, insertMirror, listMirrors, markFailed } from './mirror-registry.ts';
import { refreshMirror } from './refresh-mirror.ts';
import { createTarget, keyColumns } from './target-table.ts';

export interface MirrorsOptions {
  lakehouse: Lakehouse;
  /** Of the login lakeloop_lakehouse; null: there are no mirrors. */
  pool: pg.Pool | null;
  /** Of a member of lakeloop_owner, for DDL; null: mirrors are refreshed, but neither made nor removed. Ended with this. */
  admin: pg.Pool | null;
  logger: Logger;
  /** How often due mirrors are looked for, ms. */
  pollMs?: number;
}

/** First key of the advisory locks, the mirror's id being the second: whoever holds it refreshes or removes that mirror. */
const LOCK = 0x6d697272;
/** Refreshes at once: each holds a session. */
const CONCURRENCY = 2;
const RESERVED = /^(lakeloop.*|audit|information_schema|pg_.*)$/;

/** Tables of the lakehouse, kept as read-only tables of Postgres. */
export class Mirrors implements Lifecycle {
  readonly name = 'mirrors';
  readonly #options: MirrorsOptions;
  readonly #running = new Map<number, Promise<void>>();
  readonly #ended = new AbortController();
  #schedule: Promise<void> | undefined;
  #refused: string | undefined;

  constructor(options: MirrorsOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    if (this.#options.pool) this.#schedule = this.#poll(this.#options.pool);
  }

  async drain(): Promise<void> {
    this.#ended.abort(new Failure('dependency-unavailable', 'the service is stopping'));
    await this.#schedule;
    await Promise.all(this.#running.values());
  }

  async stop(): Promise<void> {
    await this.#options.admin?.end();
  }

  async list(): Promise<MirrorReport[]> {
    return Promise.all((await listMirrors(this.#pool())).map((mirror) => this.#report(mirror)));
  }

  /** Creates the target and registers it; rows come with the first refresh, which is due at once. `conflict` where the target's name is taken. */
  async create(definition: MirrorDefinition): Promise<MirrorReport> {
    const { source, target } = definition;
    const [pool, admin] = [this.#pool(), this.#admin()];
    if (RESERVED.test(target.schema)) throw new Failure('invalid-input', `schema ${target.schema} is not for mirrors`);
    const state = await this.#options.lakehouse.describe(source);
    if (!state) throw new Failure('invalid-input', `the lakehouse has no table ${source.schema}.${source.name}`);
    const exact = { ...definition, key: keyColumns(definition.key, state.columns) };
    const id = await transaction(admin, async (client) => {
      await createTarget(client, exact, state);
      return insertMirror(client, exact);
    }).catch((error: unknown) => {
      throw refusal(error, target);
    });
    this.#options.logger.info({ mirror: id, source, target }, 'mirror made');
    const mirror = await findMirror(pool, id);
    if (!mirror) throw new Failure('conflict', 'the mirror was removed at once');
    return this.#report(mirror);
  }

  /** Refreshes now; undefined where there is no such mirror. `conflict` while another does. */
  async refresh(id: number): Promise<MirrorReport | undefined> {
    const pool = this.#pool();
    if (!(await findMirror(pool, id))) return undefined;
    if ((await this.#refreshAlone(pool, id)) === 'busy') throw new Failure('conflict', `mirror ${id} is being refreshed already`);
    const mirror = await findMirror(pool, id);
    return mirror && this.#report(mirror);
  }

  /** Removes the mirror and drops its table. False where there is none; `conflict` while it is refreshed or something depends on the table. */
  async remove(id: number): Promise<boolean> {
    return transaction(this.#admin(), async (client) => {
      const mirror = await findMirror(client, id);
      if (!mirror) return false;
      const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_xact_lock($1, $2) as locked', [LOCK, id]);
      if (!rows[0]?.locked) throw new Failure('conflict', `mirror ${id} is being refreshed: try again when it is done`);
      await client.query('set local role lakeloop_owner');
      await client.query(`drop table if exists ${quoteTable(mirror.target)}`);
      await client.query('delete from lakeloop.mirror where id = $1', [id]);
      return true;
    }).catch((error: unknown) => {
      throw (error as { code?: string }).code === '2BP01'
        ? new Failure('conflict', `other objects depend on it: ${classify(error).message}`, { cause: error })
        : error;
    });
  }

  async #report(mirror: Mirror): Promise<MirrorReport> {
    const { id, source, target, mode, key, everyMs, state, error, version, rows, refreshedAt } = mirror;
    const lake = await this.#options.lakehouse.describe(source).catch((): LakeTableState | undefined => undefined);
    return {
      id,
      source: `${source.schema}.${source.name}`,
      target: `${target.schema}.${target.name}`,
      mode,
      key: [...key],
      everyMs,
      state,
      error,
      version: version === null ? null : String(version),
      lakeVersion: lake ? String(lake.version) : null,
      versionsBehind: lake && version !== null ? String(lake.version - version) : null,
      rows: rows === null ? null : String(rows),
      refreshedAt: refreshedAt?.toISOString() ?? null,
      ageSeconds: refreshedAt ? Math.max(0, (Date.now() - refreshedAt.getTime()) / 1_000) : null,
    };
  }

  /** Looks for due mirrors until the end. A database that is down, or not installed, is told once and asked again. */
  async #poll(pool: pg.Pool): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        for (const id of await dueMirrors(pool)) if (!this.#running.has(id) && this.#running.size < CONCURRENCY) this.#begin(pool, id);
        this.#refused = undefined;
      } catch (error) {
        const { kind, message } = classify(error);
        if (this.#refused !== message) this.#options.logger.warn({ kind }, `mirrors can not be looked up: ${message}`);
        this.#refused = message;
      }
      await delay(this.#options.pollMs ?? 1_000, undefined, { signal }).catch(() => undefined);
    }
  }

  #begin(pool: pg.Pool, id: number): void {
    const { logger } = this.#options;
    const work = this.#refreshAlone(pool, id)
      .then(
        () => undefined,
        (error: unknown) => logger.warn({ mirror: id, kind: classify(error).kind }, `mirror not refreshed: ${classify(error).message}`),
      )
      .finally(() => this.#running.delete(id));
    this.#running.set(id, work);
  }

  /** One instance at a time, by a lock of the session that does the work: with the session, it and what was staged are gone. */
  async #refreshAlone(pool: pg.Pool, id: number): Promise<'busy' | 'done'> {
    const client = await pool.connect();
    let broken = false;
    try {
      const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1, $2) as locked', [LOCK, id]);
      if (!rows[0]?.locked) return 'busy';
      const mirror = await findMirror(client, id);
      if (mirror) await this.#refreshLocked(client, mirror);
      await client.query('discard temp');
      await client.query('select pg_advisory_unlock($1, $2)', [LOCK, id]);
      return 'done';
    } catch (error) {
      broken = true;
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async #refreshLocked(client: pg.PoolClient, mirror: Mirror): Promise<void> {
    const { lakehouse, admin, pool, logger } = this.#options;
    const began = Date.now();
    try {
      const how = await refreshMirror({ client, admin, lakehouse, mirror, signal: this.#ended.signal });
      if (how !== 'unchanged') logger.info({ mirror: mirror.id, how, ms: Date.now() - began }, 'mirror refreshed');
    } catch (error) {
      // The session may be what failed: another says so.
      if (!this.#ended.signal.aborted && pool) await markFailed(pool, mirror.id, classify(error).message).catch(() => undefined);
      throw error;
    }
  }

  #pool(): pg.Pool {
    if (this.#options.pool) return this.#options.pool;
    throw new Failure('unsupported', 'there are no mirrors without a database: set DATABASE_URL to the login lakeloop_lakehouse');
  }

  #admin(): pg.Pool {
    if (this.#options.admin) return this.#options.admin;
    throw new Failure('unsupported', 'a mirror is made and removed with an administrator’s login: set ADMIN_DATABASE_URL to a member of lakeloop_owner');
  }
}

/** What Postgres says of a target that can't be made. */
function refusal(error: unknown, target: MirrorDefinition['target']): unknown {
  const code = String((error as { code?: unknown }).code);
  const { message } = classify(error);
  if (code === '42P07' || code === '23505') return new Failure('conflict', `${target.schema}.${target.name} is there already`, { cause: error });
  if (code === '42501') return new Failure('forbidden', `lakeloop_owner may not make tables in ${target.schema}: ${message}`, { cause: error });
  return code.startsWith('42') ? new Failure('invalid-input', `the mirror's table can not be made: ${message}`, { cause: error }) : error;
}
