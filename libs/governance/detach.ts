import type pg from 'pg';
import { quoteIdentifier, quoteLiteral, quoteTable, type TableName } from '#libs/postgres/identifiers';
import { PUBLICATION } from './install.ts';

const KINDS = ['insert', 'update', 'delete', 'truncate'] as const;

/** Adopted tables, by name. */
export async function adoptedTables(client: Pick<pg.ClientBase, 'query'>): Promise<TableName[]> {
  const { rows } = await client.query<TableName>(
    'select n.nspname as schema, c.relname as name from lakeloop.adopted a join pg_class c on c.oid = a.root join pg_namespace n on n.oid = c.relnamespace order by 1, 2',
  );
  return rows;
}

/**
 * The statements that take one table out of Lakeloop: its recorders, its place in the publication, and its replica identity back to the default. What is in
 * the audit stays. Empty where the table is not adopted.
 */
export async function detachSql(client: Pick<pg.ClientBase, 'query'>, table: TableName): Promise<string[]> {
  const { rows } = await client.query<{ id: number; relations: string[]; published: boolean }>(
    `select a.id, array(select t.relid::regclass::text from pg_partition_tree(a.root) t) as relations,
       exists (select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where p.pubname = $2 and r.prrelid = a.root) as published
     from lakeloop.adopted a where a.root = to_regclass($1)`,
    [quoteTable(table), PUBLICATION],
  );
  const [adopted] = rows;
  if (!adopted) return [];
  const { id, published } = adopted;
  const relations = adopted.relations.length === 0 ? [quoteTable(table)] : adopted.relations;
  return [
    // First: an event trigger adopts what is on this list again whenever it is altered.
    `delete from lakeloop.adopted where root = ${quoteLiteral(quoteTable(table))}::regclass`,
    ...relations.flatMap((relation) => KINDS.map((kind) => `drop trigger if exists lakeloop_audit_${kind} on ${relation}`)),
    `drop trigger if exists lakeloop_files on ${quoteTable(table)}`,
    ...KINDS.map((kind) => `drop function if exists audit.record_${id}_${kind}()`),
    `select audit.let_go(${quoteLiteral(quoteTable(table))})`,
    ...(published ? [`alter publication ${PUBLICATION} drop table ${quoteTable(table)}`] : []),
    ...relations.map((relation) => `alter table ${relation} replica identity default`),
  ];
}

/** The statements that end the stream of a database: event trigger, publication, and the slot, which would keep the log until the disk is full. */
export async function detachDatabaseSql(client: Pick<pg.ClientBase, 'query'>, slot: string): Promise<string[]> {
  const { rows } = await client.query<{ slot: boolean; trigger: boolean; publication: boolean }>(
    `select exists (select from pg_replication_slots where slot_name = $1 and database = current_database()) as slot,
       exists (select from pg_event_trigger where evtname = 'lakeloop_ddl') as trigger, exists (select from pg_publication where pubname = $2) as publication`,
    [slot, PUBLICATION],
  );
  const [found] = rows;
  return [
    ...(found?.trigger ? ['drop event trigger lakeloop_ddl'] : []),
    ...(found?.publication ? [`drop publication ${quoteIdentifier(PUBLICATION)}`] : []),
    ...(found?.slot ? [`select pg_drop_replication_slot(${quoteLiteral(slot)})`] : []),
  ];
}
