import type pg from 'pg';
import { Failure } from '#libs/failure/failure';
import { quoteIdentifier, quoteTable, type TableName } from '#libs/postgres/identifiers';
import { addToPublicationSql } from '#libs/postgres/replication/publication';

/** A row filter as the server spells it, and the columns that it reads. */
interface Understood {
  condition: string;
  columns: string[];
}

const PROBE = 'lakeloop_filter_probe';

/**
 * CDC_ROW_FILTERS: by table the condition that its rows must meet to be published. The server applies it, in stream and snapshot alike, because the publication has
 * it; what it cannot hold is refused rather than published.
 */
export class RowFilters {
  readonly #filters: ReadonlyMap<string, TableName & { where: string }>;
  readonly #understood = new Map<string, Understood>();

  /** `given`: conditions by `schema.table`, the schema up to the first dot. */
  constructor(given: Readonly<Record<string, string>>) {
    const filters = Object.entries(given).map(([table, where]) => {
      const dot = table.indexOf('.');
      if (dot < 1 || dot === table.length - 1) throw new Failure('misconfigured', `CDC_ROW_FILTERS: ${JSON.stringify(table)} is not schema.table`);
      return { schema: table.slice(0, dot), name: table.slice(dot + 1), where };
    });
    this.#filters = new Map(filters.map((filter) => [quoteTable(filter), filter]));
  }

  get empty(): boolean {
    return this.#filters.size === 0;
  }

  /** The table with its filter, as it is added to a publication. */
  withFilter<Table extends TableName>(table: Table): Table & { where?: string } {
    const where = this.#filters.get(quoteTable(table))?.where;
    return where === undefined ? table : { ...table, where };
  }

  /** Refuses what no publication of this server can hold. Throws `misconfigured`. */
  async check(pool: pg.Pool, tables: readonly TableName[]): Promise<void> {
    if (this.empty) return;
    const { rows } = await pool.query<{ number: number; name: string }>(
      `select current_setting('server_version_num')::int as number, current_setting('server_version') as name`,
    );
    if ((rows[0]?.number ?? 0) < 150_000)
      throw new Failure(
        'misconfigured',
        `CDC_ROW_FILTERS needs PostgreSQL 15 or newer, this is ${rows[0]?.name}: filter in the consumer, or publish a table that holds those rows`,
      );
    for (const table of tables) if (this.#filters.has(quoteTable(table))) await this.#understand(pool, table);
  }

  /** Gives the publication's tables the filters that they should have. A table whose filter this login can't put there is refused: its rows would be published. */
  async apply(pool: pg.Pool, publication: string): Promise<string[]> {
    const changed: string[] = [];
    for (const filter of this.#filters.values()) {
      const current = await currentFilter(pool, publication, filter);
      if (current === undefined) continue;
      const wanted = await this.#understand(pool, filter);
      if (current === wanted?.condition) continue;
      await replaceMember(pool, publication, filter);
      changed.push(quoteTable(filter));
    }
    return changed;
  }

  /** The filter as the server spells it: told by a publication that is never committed. Undefined while the table does not exist. */
  async #understand(pool: pg.Pool, table: TableName): Promise<Understood | undefined> {
    const name = quoteTable(table);
    const filter = this.#filters.get(name);
    const known = this.#understood.get(name);
    if (known || !filter) return known;
    const found = await probe(pool, filter);
    if (!found) return undefined;
    await refuseUnidentified(pool, filter, found.columns);
    this.#understood.set(name, found);
    return found;
  }
}

async function probe(pool: pg.Pool, { where, ...table }: TableName & { where: string }): Promise<Understood | undefined> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query({ text: `create publication ${PROBE} for table ${quoteTable(table)} where (${where})`, queryMode: 'extended' } as pg.QueryConfig);
    const { rows } = await client.query<Understood>(
      `select pg_get_expr(r.prqual, r.prrelid) as condition,
              array(select distinct a.attname::text from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
                     where d.classid = 'pg_publication_rel'::regclass and d.objid = r.oid and d.refobjid = r.prrelid and d.refobjsubid > 0) as columns
         from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where p.pubname = $1`,
      [PROBE],
    );
    return rows[0];
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === '42P01' || code === '3F000') return undefined;
    throw new Failure('misconfigured', `CDC_ROW_FILTERS: the filter of ${quoteTable(table)} can't be put into a publication: ${message}`, { cause: error });
  } finally {
    await client.query('rollback').then(
      () => client.release(),
      () => client.release(true),
    );
  }
}

/** Without the filter's columns in the replica identity the server would refuse every UPDATE and DELETE of the table, to whoever runs it. */
async function refuseUnidentified(pool: pg.Pool, table: TableName, columns: readonly string[]): Promise<void> {
  const { rows } = await pool.query<{ missing: string[] }>(
    `select array(select c from unnest($3::text[]) c where relreplident <> 'f' and c not in (
              select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey::int2[])
               where i.indrelid = t.oid and case t.relreplident when 'i' then i.indisreplident when 'd' then i.indisprimary else false end)) as missing
       from pg_class t join pg_namespace n on n.oid = t.relnamespace where n.nspname = $1 and t.relname = $2`,
    [table.schema, table.name, columns],
  );
  const missing = rows[0]?.missing ?? [];
  if (missing.length === 0) return;
  const remedy = `ALTER TABLE ${quoteTable(table)} REPLICA IDENTITY FULL`;
  throw new Failure(
    'misconfigured',
    `CDC_ROW_FILTERS: the filter of ${quoteTable(table)} reads ${missing.map(quoteIdentifier).join(', ')}, not in its replica identity, so that its UPDATEs would be refused: ${remedy}`,
  );
}

/** Null without one; undefined for a table that is not in the publication. */
async function currentFilter(pool: pg.Pool, publication: string, { schema, name }: TableName): Promise<string | null | undefined> {
  const { rows } = await pool.query<{ condition: string | null }>(
    `select pg_get_expr(r.prqual, r.prrelid) as condition
       from pg_publication p join pg_publication_rel r on r.prpubid = p.oid join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace
      where p.pubname = $1 and n.nspname = $2 and c.relname = $3`,
    [publication, schema, name],
  );
  return rows[0]?.condition;
}

/** In one transaction: at no moment the table is out. */
async function replaceMember(pool: pg.Pool, publication: string, table: TableName & { where: string }): Promise<void> {
  const add = addToPublicationSql(publication, [table]);
  const drop = `ALTER PUBLICATION ${quoteIdentifier(publication)} DROP TABLE ${quoteTable(table)}`;
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(drop);
    await client.query(add);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw new Failure(
      'dependency-unavailable',
      `publication ${publication} has ${quoteTable(table)} without the filter of CDC_ROW_FILTERS, and this login may not change that; run: ${drop}; ${add}`,
      { cause: error },
    );
  } finally {
    client.release();
  }
}
