import type pg from 'pg';
import { quoteTable } from '#libs/postgres/identifiers';
import type { Column, ComputedColumn, Relation } from './relation.ts';
import { BASE_TYPES, COLUMN_FIELDS, COLUMN_JOINS, columnOfRow, type ColumnRow } from './column-row.ts';

/** Bits of `pg_relation_is_updatable`: 1 << CmdType of update, insert, delete (nodes.h). */
const COLUMNS = `
  with recursive ${BASE_TYPES}
  select n.nspname as schema, c.relname as relation, c.relkind as kind, ${COLUMN_FIELDS}, k.position as key_position,
    coalesce(pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid, c.oid)::pg_catalog.text = any($2) as audited,
    pg_catalog.obj_description(c.oid, 'pg_class') as relation_description,
    case when c.relkind in ('r', 'p') then 28 when c.relkind in ('v', 'f') then pg_catalog.pg_relation_is_updatable(c.oid, true) else 0 end as writes
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  ${COLUMN_JOINS}
  left join pg_catalog.pg_index i on i.indrelid = c.oid and i.indisprimary
  left join lateral (select p.position from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality as p(attnum, position) where p.attnum = a.attnum) k on true
  where n.nspname = any($1) and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
  order by c.oid, a.attnum`;

interface RelationRow extends Omit<ColumnRow, 'name'> {
  schema: string;
  relation: string;
  kind: Relation['kind'];
  name: string | null;
  key_position: string | null;
  audited: boolean;
  relation_description: string | null;
  writes: number;
}

export type Relations = Map<string, Map<string, LoadedRelation>>;

/** A relation whose computed columns are still to be found. */
export type LoadedRelation = Relation & { computed: Map<string, ComputedColumn> };

/** `viewKeys`: primary keys as views show them, by `JSON.stringify([schema, name])`. */
export async function loadRelations(
  client: pg.PoolClient,
  schemas: readonly string[],
  adopted: readonly string[],
  viewKeys: ReadonlyMap<string, readonly string[]>,
): Promise<Relations> {
  const { rows } = await client.query<RelationRow>(COLUMNS, [schemas, adopted]);
  const drafts = new Map<string, Map<string, Draft>>();
  for (const row of rows) addColumn(draftOf(drafts, row), row);
  const finish = ({ key, ...relation }: Draft): LoadedRelation => ({
    ...relation,
    primaryKey: viewKeys.get(JSON.stringify([relation.schema, relation.name])) ?? key.sort((a, b) => a.position - b.position).map(({ name }) => name),
  });
  return new Map([...drafts].map(([schema, relations]) => [schema, new Map([...relations].map(([name, draft]) => [name, finish(draft)]))]));
}

type Draft = Omit<LoadedRelation, 'columns' | 'primaryKey'> & { columns: Map<string, Column>; key: { name: string; position: number }[] };

function draftOf(drafts: Map<string, Map<string, Draft>>, row: RelationRow): Draft {
  const inSchema = drafts.get(row.schema) ?? new Map<string, Draft>();
  drafts.set(row.schema, inSchema);
  const draft = inSchema.get(row.relation) ?? emptyDraft(row);
  inSchema.set(row.relation, draft);
  return draft;
}

function emptyDraft({ schema, relation: name, kind, audited, writes, relation_description: description }: RelationRow): Draft {
  return {
    schema,
    name,
    kind,
    sql: quoteTable({ schema, name }),
    columns: new Map(),
    computed: new Map(),
    key: [],
    audited,
    writes: { insert: (writes & 8) !== 0, update: (writes & 4) !== 0, delete: (writes & 16) !== 0 },
    ...(description === null ? {} : { description }),
  };
}

function addColumn(draft: Draft, row: RelationRow): void {
  if (row.name === null) return;
  draft.columns.set(row.name, columnOfRow({ ...row, name: row.name }));
  if (row.key_position !== null) draft.key.push({ name: row.name, position: Number(row.key_position) });
}
