/** A row of `pg_type`, as far as it decides how a value is written. */
export interface TypeRow {
  oid: number;
  name: string;
  /** Of the system's own catalogue: a user's type of the same name is another type. */
  builtIn: boolean;
  /** `typtype`: b base, c composite, d domain, e enum, r range, m multirange, p pseudo. */
  kind: string;
  /** Of a domain; 0 otherwise. */
  base: number;
  baseModifier: number;
  /** Of a true array (its output function is array_out); 0 otherwise. */
  element: number;
  delimiter: string;
  /** As SQL spells it, without modifier. */
  sql: string;
  /** Of an enum, in order. */
  labels: readonly string[] | null;
}

/** A column's type with domains resolved away. */
export interface ColumnType {
  /** `pg_type.typname` of the base type; for an array `_…` of its element. */
  name: string;
  builtIn: boolean;
  kind: string;
  /** Type modifier; -1 for none. */
  modifier: number;
  /** As SQL spells it, without modifier. */
  sql: string;
  /** Of an enum, in order. */
  labels: readonly string[] | null;
  /** Of an array. */
  element?: ColumnType;
  delimiter: string;
}

/** Resolves domains, also those of array elements. Throws `TypeError` when the catalogue rows lack a type. */
export function resolveType(oid: number, modifier: number, types: ReadonlyMap<number, TypeRow>): ColumnType {
  const row = types.get(oid);
  if (!row) throw new TypeError(`type ${oid} is not in the catalogue`);
  if (row.kind === 'd') return resolveType(row.base, modifier === -1 ? row.baseModifier : modifier, types);
  const { name, builtIn, kind, delimiter, sql, labels } = row;
  const plain = { name, builtIn, kind, modifier, delimiter, sql, labels };
  return row.element === 0 ? plain : { ...plain, element: resolveType(row.element, modifier, types) };
}
