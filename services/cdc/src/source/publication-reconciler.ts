import type pg from 'pg';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';
import {
  addToPublication,
  addToPublicationSql,
  createPublication,
  createPublicationSql,
  findPublication,
  publishGeneratedSql,
  publishedTables,
} from '#libs/postgres/replication/publication';
import { quoteIdentifier, quoteTable } from '#libs/postgres/identifiers';
import type { Logger } from '#libs/runtime/logger';
import { RowFilters } from './row-filters.ts';
import type { TableId, TablePatterns } from './table-patterns.ts';

interface Candidate extends TableId {
  /** Row filter, SQL. */
  where?: string;
  /** This login may add it to a publication. */
  owned: boolean;
  /** Updates and deletes of it can be published. */
  identified: boolean;
  /** Its replica identity covers a stored generated column: PostgreSQL 18 refuses UPDATE and DELETE of it where the publication leaves such columns out. */
  generated: boolean;
}

export interface ReconcilerOptions {
  pool: pg.Pool;
  publication: string;
  patterns: TablePatterns;
  /** Conditions by `schema.table`. */
  rowFilters: Readonly<Record<string, string>>;
  logger: Logger;
}

/** Permanent tables that are no partition: a partition comes with its root. */
const CANDIDATES = `
  select n.nspname as schema, c.relname as name, pg_has_role(c.relowner, 'USAGE') as owned,
         case c.relreplident when 'f' then true when 'n' then false
           else exists (select from pg_catalog.pg_index i where i.indrelid = c.oid
                         and case c.relreplident when 'i' then i.indisreplident else i.indisprimary end) end as identified,
         current_setting('server_version_num')::int >= 180000 and c.relreplident = 'f'
           and exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attgenerated = 's' and not a.attisdropped) as generated
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and c.relpersistence = 'p' and not c.relispartition`;

/**
 * Keeps the publication at what CDC_TABLES asks for: creates it when missing, adds tables, never removes any (a table that the publication
 * has and the patterns don't is dropped in the stream). What this login may not do is logged with the SQL that does it.
 */
export class PublicationReconciler {
  readonly #pool: pg.Pool;
  readonly #publication: string;
  readonly #patterns: TablePatterns;
  readonly #filters: RowFilters;
  readonly #logger: Logger;
  #reported = '';

  constructor(options: ReconcilerOptions) {
    this.#pool = options.pool;
    this.#publication = options.publication;
    this.#patterns = options.patterns;
    this.#filters = new RowFilters(options.rowFilters);
    this.#logger = options.logger;
  }

  /** Rejects with a `dependency-unavailable` Failure while the publication is missing and can't be created. */
  async reconcile(): Promise<void> {
    const { rows } = await this.#pool.query<Candidate>(CANDIDATES);
    const named = rows.filter((table) => this.#patterns.matches(table) || this.#patterns.isSignal(table)).map((table) => this.#filters.withFilter(table));
    const wanted = this.#patterns.explicit ? named : named.filter((table) => table.identified || this.#patterns.isSignal(table));
    await this.#filters.check(this.#pool, wanted);
    const publication = await findPublication(this.#pool, this.#publication);
    if (publication?.allTables && !this.#filters.empty)
      throw new Failure('misconfigured', `publication ${this.#publication} is FOR ALL TABLES, which has no row filters: choose another CDC_PUBLICATION`);
    const generated = wanted.some((table) => table.generated);
    if (!publication) await this.#create(wanted, generated);
    else if (generated && publication.generated === false) await this.#publishGenerated();
    const missing = publication?.allTables ? [] : await this.#missing(wanted);
    const added = missing.filter((table) => table.owned);
    const refused = (await this.#add(added)) ? missing.filter((table) => !table.owned) : missing;
    const refiltered = await this.#filters.apply(this.#pool, this.#publication);
    if (refiltered.length > 0) this.#logger.info({ publication: this.#publication, tables: refiltered }, 'row filters of the publication changed');
    this.#report(
      refused,
      named.filter((table) => !table.identified),
      publication?.omits ?? [],
    );
  }

  /** Before the table is added: from then on its UPDATE would fail. */
  async #publishGenerated(): Promise<void> {
    const sql = publishGeneratedSql(this.#publication);
    try {
      await this.#pool.query(sql);
      this.#logger.info({ publication: this.#publication }, 'stored generated columns are published: a replica identity covers one');
    } catch (error) {
      const failure = classify(error);
      if (failure.kind !== 'forbidden') throw failure;
      this.#logger.warn(
        { sql },
        'a table with REPLICA IDENTITY FULL has a stored generated column: once published, it refuses UPDATE and DELETE until the publication has that column too',
      );
    }
  }

  async #create(wanted: readonly Candidate[], generated: boolean): Promise<void> {
    const tables = wanted.filter((table) => table.owned);
    try {
      await createPublication(this.#pool, this.#publication, tables, generated);
      this.#logger.info({ publication: this.#publication, tables: tables.map(quoteTable) }, 'publication created');
    } catch (error) {
      const failure = classify(error);
      if (failure.detail['code'] === '42710') return;
      if (failure.kind !== 'forbidden') throw failure;
      throw new Failure(
        'dependency-unavailable',
        `publication ${this.#publication} is missing and this login may not create it; run: ${createPublicationSql(this.#publication, wanted, generated)}`,
      );
    }
  }

  async #missing(wanted: readonly Candidate[]): Promise<Candidate[]> {
    const published = new Set((await publishedTables(this.#pool, this.#publication)).map(quoteTable));
    const partitioned = new Set(await this.#roots());
    return wanted.filter((table) => !published.has(quoteTable(table)) && !partitioned.has(quoteTable(table)));
  }

  /** Partitioned tables in the publication: `pg_publication_tables` lists their leaves instead. */
  async #roots(): Promise<string[]> {
    const { rows } = await this.#pool.query<TableId>(
      `select n.nspname as schema, c.relname as name
         from pg_catalog.pg_publication_rel r join pg_catalog.pg_publication p on p.oid = r.prpubid
         join pg_catalog.pg_class c on c.oid = r.prrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where p.pubname = $1`,
      [this.#publication],
    );
    return rows.map(quoteTable);
  }

  /** False when this login may not alter the publication. */
  async #add(tables: readonly Candidate[]): Promise<boolean> {
    if (tables.length === 0) return true;
    try {
      await addToPublication(this.#pool, this.#publication, tables);
      this.#logger.info({ publication: this.#publication, tables: tables.map(quoteTable) }, 'tables added to the publication');
      return true;
    } catch (error) {
      const failure = classify(error);
      if (failure.kind === 'forbidden') return false;
      // Dropped or added by someone else meanwhile: the next round sees the catalogue as it is then.
      if (['42P01', '42710', '3F000'].includes(String(failure.detail['code']))) return true;
      throw failure;
    }
  }

  /** Says once what is not published and how it would be. */
  #report(refused: readonly Candidate[], keyless: readonly Candidate[], omits: readonly string[]): void {
    const state = JSON.stringify([refused, keyless, omits]);
    if (state === this.#reported) return;
    this.#reported = state;
    if (omits.length > 0) {
      this.#logger.warn(
        { sql: `ALTER PUBLICATION ${quoteIdentifier(this.#publication)} SET (publish = 'insert, update, delete, truncate')` },
        `the publication leaves out every ${omits.join(', ')}: there will be no such events`,
      );
    }
    if (refused.length > 0) {
      this.#logger.warn(
        { sql: addToPublicationSql(this.#publication, refused) },
        'tables are not in the publication and this login may not add them: the publication is used as it is',
      );
    }
    if (keyless.length === 0) return;
    const sql = keyless.map((table) => `ALTER TABLE ${quoteTable(table)} REPLICA IDENTITY FULL`);
    if (this.#patterns.explicit) this.#logger.warn({ sql }, 'published tables without a replica identity refuse UPDATE and DELETE');
    else this.#logger.info({ sql }, 'tables without a replica identity are not published');
  }
}
