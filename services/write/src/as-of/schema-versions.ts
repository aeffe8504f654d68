import type pg from 'pg';
import type { TableFacts } from '../history/table-facts.ts';

/** What tables looked like since a moment, and whether they were adopted by then. */
export interface SchemaVersion {
  adoptedId: number;
  columns: string[];
  types: string[];
  /** Null where nobody wrote them down. */
  attnums: number[] | null;
  keyColumns: string[];
  /** At the moment, or since. */
  inForce: boolean;
  /** The table was adopted after the moment. */
  adoptedSince: boolean;
}

/** All versions: one whose edit was under way at the moment may be older than it. */
const VERSIONS = `
  select v.adopted_id as "adoptedId", v.columns::text[], v.types, v.attnums, v.key_columns::text[] as "keyColumns",
    a.adopted_at > $2::timestamptz as "adoptedSince",
    v.id >= coalesce((select max(o.id) from audit.schema_version o where o.adopted_id = v.adopted_id and o.created_at <= $2::timestamptz), 0) as "inForce"
  from audit.schema_version v join lakeloop.adopted a on a.id = v.adopted_id
  where v.adopted_id = any ($1)
  order by v.id`;

export async function schemaVersions(pool: pg.Pool, adoptedIds: readonly number[], at: string): Promise<SchemaVersion[]> {
  return (await pool.query<SchemaVersion>(VERSIONS, [adoptedIds, at])).rows;
}

/** Whether a version's primary key is today's, whatever its columns were called. */
export function hasKeyOf({ columns, attnums, keyColumns }: SchemaVersion, facts: TableFacts): boolean {
  const identity = (name: string, place: number): string | number => attnums?.[place] ?? name;
  const then = keyColumns.map((name) => identity(name, columns.indexOf(name)));
  const now = facts.key.map((name) => (attnums ? facts.columns.find((column) => column.name === name)?.attnum : name));
  return then.length === now.length && then.every((each, index) => each === now[index]);
}

/** Today's columns that had another type in one of the versions, or were not there: their texts are cast where they fit. */
export function retypedColumns(versions: readonly SchemaVersion[], { columns }: TableFacts): Set<string> {
  const differs = (version: SchemaVersion, { name, attnum, typeName }: TableFacts['columns'][number]): boolean => {
    const place = version.attnums?.indexOf(attnum) ?? -1;
    const then = version.types[place === -1 ? version.columns.indexOf(name) : place];
    return then !== undefined && then !== typeName;
  };
  return new Set(columns.filter((column) => versions.some((version) => differs(version, column))).map(({ name }) => name));
}
