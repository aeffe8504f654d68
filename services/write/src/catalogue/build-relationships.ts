import type { TableName } from '#libs/postgres/identifiers';
import type { ComputedRelationship, ForeignKey, JunctionRelationship, KeyRelationship, Relationship, ViewColumns } from './relationship.ts';

/** A view may show one column of a key several times; the ways to choose among them are bounded. */
const MOST_CHOICES = 16;

export interface RelationshipSources {
  keys: readonly ForeignKey[];
  views: readonly ViewColumns[];
  computed: readonly ComputedRelationship[];
  /** Of tables and views, exposed or not. */
  primaryKey: (table: TableName) => readonly string[];
  exposed: (schema: string) => boolean;
}

/**
 * All relationships that lead from one relation of the exposed schemas to another: keys between tables, the same through views that show both of their
 * ends' columns, pairs of keys in a junction, and functions, which take the place of what they are called like.
 */
export function buildRelationships(sources: RelationshipSources): Map<string, Map<string, Relationship[]>> {
  const shown = shownBy(sources.views);
  const toOne = sources.keys.flatMap((key) => sidesOf(key, shown));
  const derived: Relationship[] = [...toOne, ...toOne.map(inverse), ...junctions(toOne, sources.primaryKey)];
  const replaced = new Set(sources.computed.map(({ from, name }) => JSON.stringify([from.schema, from.name, name])));
  const all = [...derived.filter(({ from, to }) => !replaced.has(JSON.stringify([from.schema, from.name, to.name]))), ...sources.computed];
  const bySchema = new Map<string, Map<string, Relationship[]>>();
  for (const relationship of all) {
    const { from, to } = relationship;
    if (!sources.exposed(from.schema) || !sources.exposed(to.schema)) continue;
    if (relationship.kind === 'many-to-many' && !sources.exposed(relationship.junction.schema)) continue;
    const byName = bySchema.get(from.schema) ?? new Map<string, Relationship[]>();
    bySchema.set(from.schema, byName);
    byName.set(from.name, [...(byName.get(from.name) ?? []), relationship]);
  }
  return bySchema;
}

interface Side {
  table: TableName;
  view: boolean;
  columns: readonly string[];
}

/** What each table's columns are shown as, by view: a schema of thousands of keys and views is looked through once. */
type Shown = ReadonlyMap<string, readonly { view: TableName; names: ReadonlyMap<string, readonly string[]> }[]>;

function shownBy(views: readonly ViewColumns[]): Shown {
  const shown = new Map<string, { view: TableName; names: Map<string, string[]> }[]>();
  for (const { view, columns } of views) {
    const byTable = Map.groupBy(columns, ({ of }) => keyOf(of));
    for (const [table, own] of byTable) {
      const names = new Map<string, string[]>();
      for (const { name, column } of own) names.set(column, [...(names.get(column) ?? []), name]);
      shown.set(table, [...(shown.get(table) ?? []), { view, names }]);
    }
  }
  return shown;
}

/** The key between its two tables, and between the views over either. */
function sidesOf({ constraint, from, to, columns, unique }: ForeignKey, shown: Shown): KeyRelationship[] {
  const own = sides(
    from,
    columns.map(([column]) => column),
    shown,
  );
  const other = sides(
    to,
    columns.map(([, column]) => column),
    shown,
  );
  return own.flatMap((left) =>
    other.map((right): KeyRelationship => ({
      kind: unique ? 'one-to-one' : 'many-to-one',
      constraint,
      from: left.table,
      to: right.table,
      toOne: true,
      columns: left.columns.map((column, index) => [column, right.columns[index] as string] as const),
      fromView: left.view,
      toView: right.view,
    })),
  );
}

function sides(table: TableName, columns: readonly string[], shown: Shown): Side[] {
  const over = (shown.get(keyOf(table)) ?? []).flatMap(({ view, names }) =>
    choices(columns.map((column) => names.get(column) ?? [])).map((choice): Side => ({ table: view, view: true, columns: choice })),
  );
  return [{ table, view: false, columns }, ...over];
}

/** One of each list, in all ways; none when a list is empty. */
function choices(lists: readonly (readonly string[])[]): string[][] {
  return lists.reduce<string[][]>((made, list) => made.flatMap((start) => list.map((name) => [...start, name])).slice(0, MOST_CHOICES), [[]]);
}

function inverse(relationship: KeyRelationship): KeyRelationship {
  const { kind, from, to, columns, fromView, toView } = relationship;
  return {
    ...relationship,
    kind: kind === 'one-to-one' ? kind : 'one-to-many',
    from: to,
    to: from,
    toOne: kind === 'one-to-one',
    columns: columns.map(([own, other]) => [other, own] as const),
    fromView: toView,
    toView: fromView,
  };
}

/** Two keys of a table whose columns all belong to its primary key make it a table of pairs. */
function junctions(toOne: readonly KeyRelationship[], primaryKey: RelationshipSources['primaryKey']): JunctionRelationship[] {
  const byTable = Map.groupBy(
    toOne.filter(({ kind }) => kind === 'many-to-one'),
    ({ from }) => JSON.stringify([from.schema, from.name]),
  );
  return [...byTable.values()].flatMap((keys) => {
    const [first] = keys;
    const key = new Set(first ? primaryKey(first.from) : []);
    const inKey = keys.filter(({ columns }) => columns.every(([own]) => key.has(own)));
    return inKey.flatMap((one) => inKey.filter((two) => one.constraint !== two.constraint).map((two) => pair(one, two)));
  });
}

function pair(one: KeyRelationship, two: KeyRelationship): JunctionRelationship {
  return {
    kind: 'many-to-many',
    from: one.to,
    to: two.to,
    toOne: false,
    junction: one.from,
    constraints: [one.constraint, two.constraint],
    ownColumns: one.columns.map(([own, other]) => [other, own] as const),
    otherColumns: two.columns.map(([own, other]) => [other, own] as const),
  };
}

function keyOf({ schema, name }: TableName): string {
  return JSON.stringify([schema, name]);
}
