import type pg from 'pg';
import type { SchemaEdit } from '#contracts/http/tables';
import type { WriteContext } from '#libs/governance/write-context';
import { quoteTable } from '#libs/postgres/identifiers';
import { utcText } from '#libs/postgres/utc-text';
import type { TableEdit } from './table-edit.ts';

/** An edit that went through. */
export interface EditRecord {
  /** Drawn before by an edit in steps; else the next. */
  id?: string;
  /** Null for a new table. */
  oid: string | null;
  /** As it is called afterwards. */
  table: { schema: string; name: string };
  edit: TableEdit;
  inverse: TableEdit | null;
  sql: readonly string[];
  /** The edit that this one takes back. */
  reverts: string | null;
}

const NEXT = `nextval(pg_get_serial_sequence('lakeloop.schema_edit', 'id'))`;

/** The number that an edit will have. */
export async function nextEdit(client: Pick<pg.ClientBase, 'query'>): Promise<string> {
  return (await client.query<{ id: string }>(`select ${NEXT}::text as id`)).rows[0]?.id ?? '';
}

/** Returns the edit's id. */
export async function recordEdit(client: pg.ClientBase, { id, table, edit, inverse, sql, oid, reverts }: EditRecord, context: WriteContext): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `insert into lakeloop.schema_edit (id, root, actor, context, table_schema, table_name, edit, inverse, sql, reverts) overriding system value
     values (coalesce($1::bigint, ${NEXT}), coalesce($2::oid, to_regclass($3)::oid), $4, $5, $6, $7, $8, $9, $10, $11) returning id::text`,
    [
      id ?? null,
      oid,
      quoteTable(table),
      context.actor,
      JSON.stringify(context),
      table.schema,
      table.name,
      JSON.stringify(edit),
      inverse === null ? null : JSON.stringify(inverse),
      sql,
      reverts,
    ],
  );
  return rows[0]?.id ?? '';
}

/** A table's edits, newest first. */
export async function editsOf(client: Pick<pg.ClientBase, 'query'>, root: string): Promise<SchemaEdit[]> {
  const { rows } = await client.query<SchemaEdit>(
    `select id::text, ${utcText('at')} as at, actor, context ->> 'reason' as reason, edit, sql, inverse is not null as reversible, reverts::text
     from lakeloop.schema_edit where root = $1 order by schema_edit.id desc`,
    [root],
  );
  return rows;
}
