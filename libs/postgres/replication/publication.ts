import type pg from 'pg';
import { quoteIdentifier, quoteTable, type TableName } from '../identifiers.ts';

type Queryable = pg.Client | pg.Pool | pg.PoolClient;

export interface Publication {
  name: string;
  oid: string;
  allTables: boolean;
  /** Operations that it leaves out: of insert, update, delete, truncate. */
  omits: string[];
  /** Whether stored generated columns are published; null before PostgreSQL 18, which has no choice: they are not. */
  generated: boolean | null;
}

export async function findPublication(client: Queryable, name: string): Promise<Publication | null> {
  const { rows } = await client.query<Publication>(
    `select pubname as name, oid::text, puballtables as "allTables", to_jsonb(p) ->> 'pubgencols' = 's' as generated,
            array_remove(array[case when not pubinsert then 'insert' end, case when not pubupdate then 'update' end,
                               case when not pubdelete then 'delete' end, case when not pubtruncate then 'truncate' end], null) as omits
       from pg_publication p where pubname = $1`,
    [name],
  );
  return rows[0] ?? null;
}

/** Tables the publication names itself or through their schema; partitions are covered by their root. */
export async function publishedTables(client: Queryable, name: string): Promise<TableName[]> {
  const { rows } = await client.query<TableName>('select schemaname as schema, tablename as name from pg_publication_tables where pubname = $1', [name]);
  return rows;
}

/** A table in a publication, with the oid of what puts it there: taken out and put back, it has another. */
export interface PublishedTable extends TableName {
  oid: string;
  membership: string;
}

/** Every table that the publication has by now, partitions as leaves, with their memberships. */
export async function publicationMembers(client: Queryable, name: string): Promise<PublishedTable[]> {
  const { rows: servers } = await client.query<{ version: number }>(`select current_setting('server_version_num')::int as version`);
  const bySchema =
    (servers[0]?.version ?? 0) >= 150_000 ? '(select pn.oid from pg_publication_namespace pn where pn.pnpubid = p.oid and pn.pnnspid = n.oid)' : 'null::oid';
  const { rows } = await client.query<PublishedTable>(
    `select c.oid::text, n.nspname as schema, c.relname as name,
            coalesce((select min(pr.oid) from pg_publication_rel pr where pr.prpubid = p.oid
                       and (pr.prrelid = c.oid or pr.prrelid in (select a.relid from pg_partition_ancestors(c.oid) a))), ${bySchema}, p.oid)::text as membership
       from pg_publication p join pg_publication_tables t on t.pubname = p.pubname
       join pg_namespace n on n.nspname = t.schemaname join pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
      where p.pubname = $1`,
    [name],
  );
  return rows;
}

/** A table to be published; `where`: the condition that its rows must meet, SQL. */
export interface TableToPublish extends TableName {
  where?: string;
}

/** Creates the publication with these tables; none is fine. `generated`: with their stored generated columns (PostgreSQL 18). */
export async function createPublication(client: Queryable, name: string, tables: readonly TableToPublish[], generated = false): Promise<void> {
  await client.query(createPublicationSql(name, tables, generated));
}

export function publishGeneratedSql(name: string): string {
  return `ALTER PUBLICATION ${quoteIdentifier(name)} SET (publish_generated_columns = stored)`;
}

export async function addToPublication(client: Queryable, name: string, tables: readonly TableToPublish[]): Promise<void> {
  if (tables.length > 0) await client.query(addToPublicationSql(name, tables));
}

export function createPublicationSql(name: string, tables: readonly TableToPublish[], generated = false): string {
  const list = tables.length > 0 ? ` FOR TABLE ${tables.map(member).join(', ')}` : '';
  return `CREATE PUBLICATION ${quoteIdentifier(name)}${list}${generated ? ' WITH (publish_generated_columns = stored)' : ''}`;
}

export function addToPublicationSql(name: string, tables: readonly TableToPublish[]): string {
  return `ALTER PUBLICATION ${quoteIdentifier(name)} ADD TABLE ${tables.map(member).join(', ')}`;
}

function member({ where, ...table }: TableToPublish): string {
  return where === undefined ? quoteTable(table) : `${quoteTable(table)} WHERE (${where})`;
}
