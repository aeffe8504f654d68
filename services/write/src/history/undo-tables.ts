import type pg from 'pg';
import { ProblemException } from '#libs/runtime/http/problem';
import { type TableFacts, tableFacts } from './table-facts.ts';

/** What the images of a schema version mean today. */
export interface ImageVersion {
  id: number;
  /** Where each of today's columns is in an image, from 1; null where it is not there. Null: all are where they are today. */
  places: readonly (number | null)[] | null;
  /** Numbers of today's columns that are in an image and may be written, from 1. */
  writable: readonly number[];
  /** Numbers of today's columns that had another type, from 1. */
  retyped: readonly number[];
  /** Today's key columns as they were called; undefined where the key consisted of others. */
  keyNames: readonly string[] | undefined;
}

export interface UndoTable {
  facts: TableFacts;
  versions: readonly ImageVersion[];
  /** Tables that it refers to come before it. */
  rank: number;
}

interface VersionRow {
  id: number;
  columns: string[];
  types: string[];
  key_columns: string[];
  places: (number | null)[] | null;
}

const VERSIONS = `select v.id, v.columns::text[] as columns, v.types, v.key_columns::text[] as key_columns, audit.alignment(v, $2::smallint[], $3::name[]) as places
  from audit.schema_version v where v.adopted_id = $1 order by v.id`;

/** Columns are found by their number, so that an image from before a rename is still one of this table (audit.alignment). */
export async function undoTables(client: pg.ClientBase, role: string, adoptedIds: readonly number[]): Promise<UndoTable[]> {
  const all = await tableFacts(client, role, { adoptedIds });
  const ranks = await ranksOf(client, all);
  const tables: UndoTable[] = [];
  for (const facts of all) {
    const { rows } = await client.query<VersionRow>(VERSIONS, [
      facts.adoptedId,
      facts.columns.map(({ attnum }) => attnum),
      facts.columns.map(({ name }) => name),
    ]);
    tables.push({ facts, versions: rows.map((row) => versionOf(facts, row)), rank: ranks.get(facts.oid) ?? 0 });
  }
  return tables;
}

function versionOf({ columns, key }: TableFacts, { id, columns: names, types, key_columns: keyColumns, places }: VersionRow): ImageVersion {
  const placeOf = (index: number): number | null => (places === null ? index + 1 : (places[index] ?? null));
  const numbers = columns.map((_, index) => index + 1).filter((number) => placeOf(number - 1) !== null);
  const then = key.map((name) => names[(placeOf(columns.findIndex((column) => column.name === name)) ?? 0) - 1]);
  const same = then.length === keyColumns.length && keyColumns.every((name) => then.includes(name));
  return {
    id,
    places,
    writable: numbers.filter((number) => columns[number - 1]?.generated === false),
    retyped: numbers.filter((number) => types[(placeOf(number - 1) ?? 0) - 1] !== columns[number - 1]?.typeName),
    keyNames: same ? then.map(String) : undefined,
  };
}

/** How long a chain of references leads from a table to others of them; tables that refer to each other in a circle are as good as any order. */
async function ranksOf(client: pg.ClientBase, tables: readonly TableFacts[]): Promise<Map<string, number>> {
  const oids = tables.map(({ oid }) => oid);
  const { rows } = await client.query<{ from: string; to: string }>(
    `select distinct conrelid::text as from, confrelid::text as to from pg_constraint where contype = 'f' and conrelid = any ($1::oid[]) and confrelid = any ($1::oid[]) and conrelid <> confrelid`,
    [oids],
  );
  const ranks = new Map<string, number>();
  const rankOf = (oid: string, path: readonly string[]): number => {
    const known = ranks.get(oid);
    if (known !== undefined) return known;
    const referred = rows.filter(({ from, to }) => from === oid && !path.includes(to)).map(({ to }) => rankOf(to, [...path, oid]));
    const rank = referred.length === 0 ? 0 : Math.max(...referred) + 1;
    ranks.set(oid, rank);
    return rank;
  };
  for (const oid of oids) rankOf(oid, []);
  return ranks;
}

/** What a caller can't see is not told apart from what is not there. */
export function unknownChange(): ProblemException {
  return new ProblemException(404, 'unknown-change', 'there is no such change, or a part of it is not for this role to see');
}
