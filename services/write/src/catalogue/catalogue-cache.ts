import pg from 'pg';
import { Failure } from '#libs/failure/failure';
import { classify } from '#libs/failure/classify';
import { retrying } from '#libs/runtime/backoff';
import type { Clock } from '#libs/runtime/clock';
import type { Readiness } from '#libs/runtime/health';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { Logger } from '#libs/runtime/logger';
import { type Catalogue, findRelation } from './catalogue.ts';
import { loadCatalogue } from './load-catalogue.ts';
import type { Relation } from './relation.ts';

export interface CatalogueCacheOptions {
  pool: pg.Pool;
  connectionString: string;
  schemas: readonly string[];
  /** Where functions and types are found without a schema's name, after the request's own schema. */
  searched?: readonly string[];
  clock: Clock;
  logger: Logger;
  /** Least time between two refreshes for a name we don't know, ms; default 1,000. */
  refreshEveryMs?: number;
}

/** PostgREST's signal that the schema changed: `NOTIFY pgrst` (an empty payload or `reload schema`). */
export const SCHEMA_CHANNEL = 'pgrst';

/**
 * The catalogue, loaded at start and again on `NOTIFY pgrst`, after the listening connection was lost, and (at most once in
 * `refreshEveryMs`) when a request names something unknown. A dead Postgres is retried for ever; `current` is undefined until the first load.
 */
export class CatalogueCache implements Lifecycle {
  readonly name = 'catalogue';
  readonly #options: Required<CatalogueCacheOptions>;
  readonly #stopping = new AbortController();
  #catalogue: Catalogue | undefined;
  #problem = 'the catalogue has not been loaded yet';
  #loading: Promise<void> | undefined;
  #again = false;
  #lastRefresh = -Infinity;
  #listener: pg.Client | undefined;
  #following: Promise<void> = Promise.resolve();

  constructor(options: CatalogueCacheOptions) {
    this.#options = { refreshEveryMs: 1_000, searched: [], ...options };
  }

  get current(): Catalogue | undefined {
    return this.#catalogue;
  }

  /** Starts following the schema; does not wait for a Postgres that is down. */
  run(): Promise<void> {
    this.#following = this.#follow();
    return Promise.resolve();
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#listener?.end().catch(() => undefined);
    await this.#following;
    await this.#loading?.catch(() => undefined);
  }

  /** Loads once more; calls that come while one runs share the next one. */
  reload(): Promise<void> {
    if (this.#loading) {
      this.#again = true;
      return this.#loading;
    }
    this.#loading = this.#loadUntilCurrent().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  /**
   * For a name that is unknown in `schema.table`: true when the catalogue was loaded anew and is worth another look. Loads at most once in
   * `refreshEveryMs`, except for a table that has in truth other columns than we know: one that was made or changed a moment ago.
   */
  async refreshForUnknown(schema: string, table: string): Promise<boolean> {
    const now = this.#options.clock.now();
    if (now - this.#lastRefresh < this.#options.refreshEveryMs && !(await this.#isOutdated(schema, table))) return false;
    this.#lastRefresh = now;
    await this.reload();
    return true;
  }

  /** For what PostgreSQL refused of a statement that names types: true where the table has other columns or types than we know, and the catalogue was loaded anew. */
  async refreshWhereOutdated(schema: string, table: string): Promise<boolean> {
    if (!(await this.#isOutdated(schema, table))) return false;
    await this.reload();
    return true;
  }

  /** A table or view by name. One that is unknown may be new: it is looked for in a newer catalogue before it is said not to be there. */
  async find(schema: string, name: string): Promise<{ catalogue: Catalogue; relation: Relation } | undefined> {
    for (;;) {
      const catalogue = this.#catalogue;
      const relation = catalogue && findRelation(catalogue, schema, name);
      if (relation) return { catalogue, relation };
      // Another request's refresh may have ended while we asked.
      if (!(await this.refreshForUnknown(schema, name)) && this.#catalogue === catalogue) return undefined;
    }
  }

  async #isOutdated(schema: string, table: string): Promise<boolean> {
    if (!this.#options.schemas.includes(schema)) return false;
    const { rows } = await this.#options.pool.query<{ name: string; type: string }>({
      name: 'lakeloop.columns-now',
      text: `select a.attname::text as name, quote_ident(tn.nspname) || '.' || quote_ident(t.typname) as type
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace join pg_type t on t.oid = a.atttypid join pg_namespace tn on tn.oid = t.typnamespace
        where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and a.attnum > 0 and not a.attisdropped and not starts_with(a.attname, 'lakeloop:')`,
      values: [schema, table],
    });
    const known = this.#catalogue && findRelation(this.#catalogue, schema, table)?.columns;
    return rows.length !== (known?.size ?? 0) || rows.some(({ name, type }) => known?.get(name)?.type !== type);
  }

  /** Ready once loaded and while Postgres answers. */
  async readiness(): Promise<Readiness> {
    if (!this.#catalogue) return { ready: false, detail: this.#problem };
    try {
      await this.#options.pool.query('select 1');
      return { ready: true };
    } catch (error) {
      return { ready: false, detail: `Postgres does not answer: ${classify(error).message}` };
    }
  }

  async #loadUntilCurrent(): Promise<void> {
    do {
      this.#again = false;
      const version = (this.#catalogue?.version ?? 0) + 1;
      this.#catalogue = await loadCatalogue(this.#options.pool, { exposed: this.#options.schemas, searched: this.#options.searched }, version);
    } while (this.#again);
  }

  /** Listens, loads, and does both again whenever the connection ends. */
  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const ended = await retrying(() => this.#listenAndLoad(), {
        signal,
        retryable: () => !signal.aborted,
        onRetry: (error, waitMs) => this.#report(error, waitMs),
      }).catch(() => undefined);
      await ended?.promise;
    }
  }

  async #listenAndLoad(): Promise<{ promise: Promise<void> }> {
    const ended = Promise.withResolvers<void>();
    const client = new pg.Client({
      connectionString: this.#options.connectionString,
      application_name: 'lakeloop-write-schema',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    client.on('error', () => undefined);
    client.on('end', () => ended.resolve());
    client.on('notification', ({ payload }) => {
      if (payload === undefined || payload === '' || payload === 'reload schema') void this.reload().catch((error: unknown) => this.#report(error, 0));
    });
    try {
      this.#listener = client;
      await client.connect();
      await client.query(`listen ${SCHEMA_CHANNEL}`);
      await this.reload();
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#options.logger.info({ relations: countRelations(this.#catalogue) }, 'catalogue loaded');
    return { promise: ended.promise };
  }

  #report(error: unknown, waitMs: number): void {
    const failure: Failure = classify(error);
    this.#problem = `Postgres does not answer: ${failure.message}`;
    this.#options.logger.warn({ dependency: 'postgres', reason: failure.message, kind: failure.kind, waitMs }, 'cannot load the catalogue; trying again');
  }
}

function countRelations(catalogue: Catalogue | undefined): number {
  return [...(catalogue?.relations.values() ?? [])].reduce((sum, relations) => sum + relations.size, 0);
}
