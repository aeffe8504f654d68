import type { TableName } from '#libs/postgres/identifiers';
import type { ViewColumns } from './relationship.ts';
import type { TargetEntry } from './view-definition.ts';

/** A relation of any schema, by object id. */
export interface NamedRelation extends TableName {
  /** Names by number. */
  columns: ReadonlyMap<number, string>;
  /** Of a view. */
  entries?: readonly TargetEntry[];
}

/** What the views' columns show of tables, through views of views. A column that is computed on the way shows none. */
export function viewColumns(relations: ReadonlyMap<number, NamedRelation>): ViewColumns[] {
  return [...relations.values()].flatMap((view) => {
    if (!view.entries) return [];
    const columns = view.entries.flatMap((entry) => {
      const name = view.columns.get(entry.position);
      return name === undefined ? [] : originsOf(relations, entry, new Set()).map((origin) => ({ name, ...origin }));
    });
    return [{ view: { schema: view.schema, name: view.name }, columns }];
  });
}

/** The relation that the column is taken from, and those below it where that is a view: a key may be declared on any of them. */
function originsOf(relations: ReadonlyMap<number, NamedRelation>, entry: TargetEntry, seen: Set<number>): { of: TableName; column: string }[] {
  const source = relations.get(entry.relation);
  const column = source?.columns.get(entry.column);
  if (!source || column === undefined || seen.has(entry.relation)) return [];
  seen.add(entry.relation);
  const below = source.entries?.find(({ position }) => position === entry.column);
  if (below) return originsOf(relations, below, seen);
  return source.entries ? [] : [{ of: { schema: source.schema, name: source.name }, column }];
}
