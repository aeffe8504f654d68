import type pg from 'pg';
import { quoteIdentifier, quoteTable, type TableName } from '../identifiers.ts';

type Queryable = pg.Client | pg.Pool | pg.PoolClient;

export interface Publication {
  name: string;
  allTables: boolean;
}

export async function findPublication(client: Queryable, name: string): Promise<Publication | null> {
  const { rows } = await client.query<{ puballtables: boolean }>('select puballtables from pg_publication where pubname = $1', [name]);
  return rows[0] ? { name, allTables: rows[0].puballtables } : null;
}

/** Tables the publication names itself or through their schema; partitions are covered by their root. */
export async function publishedTables(client: Queryable, name: string): Promise<TableName[]> {
  const { rows } = await client.query<TableName>('select schemaname as schema, tablename as name from pg_publication_tables where pubname = $1', [name]);
  return rows;
}

/** Creates the publication with these tables; none is fine. */
export async function createPublication(client: Queryable, name: string, tables: readonly TableName[]): Promise<void> {
  await client.query(createPublicationSql(name, tables));
}

export async function addToPublication(client: Queryable, name: string, tables: readonly TableName[]): Promise<void> {
  if (tables.length > 0) await client.query(addToPublicationSql(name, tables));
}

export function createPublicationSql(name: string, tables: readonly TableName[]): string {
  const list = tables.length > 0 ? ` FOR TABLE ${tables.map(quoteTable).join(', ')}` : '';
  return `CREATE PUBLICATION ${quoteIdentifier(name)}${list}`;
}

export function addToPublicationSql(name: string, tables: readonly TableName[]): string {
  return `ALTER PUBLICATION ${quoteIdentifier(name)} ADD TABLE ${tables.map(quoteTable).join(', ')}`;
}
