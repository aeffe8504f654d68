import type { SchemaColumn, SchemaDifference } from '#contracts/topics/schema-change';

/** A table as its events have it: published columns, and the columns of the key. */
export interface TableSchema {
  oid: number;
  schema: string;
  table: string;
  columns: readonly SchemaColumn[];
  key: readonly string[];
}

/** From one description of a table to a later one of the same. Empty: nothing changed. */
export function differences(before: TableSchema, after: TableSchema): SchemaDifference[] {
  const found: SchemaDifference[] = [];
  const [from, to] = [`${before.schema}.${before.table}`, `${after.schema}.${after.table}`];
  if (from !== to) found.push({ kind: 'table-renamed', from, to });
  const aligned = namesAlone(before.columns, after.columns);
  const earlier = new Map(after.columns.map((column, index) => [column, aligned ? before.columns[index] : counterpart(column, before)]));
  const kept = new Set(earlier.values());
  for (const column of before.columns) if (!kept.has(column)) found.push({ kind: 'column-dropped', column: column.name });
  for (const [column, old] of earlier) found.push(...(old ? changes(old, column) : [{ kind: 'column-added', column: column.name } as const]));
  if (!sameNames(before.key, after.key)) found.push({ kind: 'key-changed', from: [...before.key], to: [...after.key] });
  return found;
}

/**
 * Whether columns differ by their names at most: as many, of the same types at the same places. A column that is added comes last, too: so the last one must have
 * its name, or numbers that leave no room for one that was dropped; and no attribute numbers may speak against it.
 */
export function namesAlone(before: readonly SchemaColumn[], after: readonly (Column & Partial<SchemaColumn>)[]): boolean {
  if (before.length !== after.length || !endsAlike(before, after)) return false;
  return before.every(({ typeOid, typeModifier, attributeNumber }, index) => {
    const other = after[index];
    return (
      typeOid === other?.typeOid &&
      typeModifier === other.typeModifier &&
      (attributeNumber ?? other.attributeNumber) === (other.attributeNumber ?? attributeNumber)
    );
  });
}

/** From the last column that has its name, the numbers run on without a gap: none behind it was dropped and another one added. */
function endsAlike(before: readonly Column[], after: readonly (Column & Partial<SchemaColumn>)[]): boolean {
  const named = before.findLastIndex(({ name }, index) => name === after[index]?.name);
  const from = after[named]?.attributeNumber ?? null;
  return after.slice(named + 1).every(({ attributeNumber }, index) => from !== null && attributeNumber === from + index + 1);
}

interface Column {
  name: string;
  typeOid: number;
  typeModifier: number;
}

/** The column before: by the attribute number where both have one, else by the name. */
function counterpart({ attributeNumber: number, name }: SchemaColumn, before: TableSchema): SchemaColumn | undefined {
  return before.columns.find((other) => (number !== null && other.attributeNumber !== null ? other.attributeNumber === number : other.name === name));
}

function changes(before: SchemaColumn, after: SchemaColumn): SchemaDifference[] {
  const found: SchemaDifference[] = [];
  const column = after.name;
  if (before.name !== column) found.push({ kind: 'column-renamed', column, from: before.name });
  if (before.typeOid !== after.typeOid || before.typeModifier !== after.typeModifier)
    found.push({ kind: 'column-retyped', column, from: before.typeExpression, to: after.typeExpression });
  if (before.optional !== null && after.optional !== null && before.optional !== after.optional)
    found.push({ kind: 'column-optional', column, to: after.optional });
  return found;
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, index) => name === right[index]);
}
