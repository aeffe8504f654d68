import type { ColumnSpec } from '#contracts/http/tables';
import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import { constraintsOf, defaultSql, sqlTypeOf } from './column-sql.ts';
import type { TableShape } from './table-shape.ts';

/** The column that each reference means, found before: by the name of the column that refers. */
export type Targets = ReadonlyMap<string, { schema: string; table: string; column: string; sqlType: string }>;

export function columnSql(spec: ColumnSpec, targets: Targets): string {
  const type = sqlTypeOf(spec, targets.get(spec.name)?.sqlType);
  const fallback = defaultSql(spec, type);
  return `${quoteIdentifier(spec.name)} ${type}${fallback === undefined ? '' : ` default ${fallback}`}${spec.required ? ' not null' : ''}`;
}

const ALL_KINDS: ReadonlySet<string> = new Set(['range', 'pattern', 'options', 'unique', 'reference']);

/** Named by the column's number, so that they are found again after a rename. A unique constraint's name would have to be unique in the schema: PostgreSQL chooses it (null). */
export function columnConstraints(spec: ColumnSpec, attnum: number, targets: Targets, kinds = ALL_KINDS): { name: string | null; sql: string }[] {
  const target = targets.get(spec.name);
  const type = spec.type === null ? 'text' : sqlTypeOf(spec, target?.sqlType);
  return constraintsOf(spec, type, target)
    .filter(({ kind }) => kinds.has(kind))
    .map(({ kind, sql }) => ({ name: kind === 'unique' ? null : `lakeloop:${kind}:${attnum}`, sql }));
}

export function constraintsNamed(...asked: Parameters<typeof columnConstraints>): string[] {
  return columnConstraints(...asked).map(({ name, sql }) => (name === null ? sql : `constraint ${quoteIdentifier(name)} ${sql}`));
}

/** PostgreSQL compiles a regular expression when it is first used: a wrong one shall fail before any row meets it. */
export function patternProbe({ pattern }: ColumnSpec): string[] {
  return pattern === undefined ? [] : [`select '' ~ ${quoteLiteral(pattern)}`];
}

export function commentOn(table: string, column: string, description: string | null | undefined): string[] {
  return description === undefined
    ? []
    : [`comment on column ${table}.${quoteIdentifier(column)} is ${description === null ? 'null' : quoteLiteral(description)}`];
}

/** The table by its number: it may have another name by then. */
export function rootOf({ oid }: TableShape): string {
  return `${oid}::oid::regclass`;
}

export function noteTable(root: string, name: 'label' | 'column_order' | 'archived_from', value: string): string {
  return `insert into lakeloop.table_note (root, ${name}) values (${root}, ${value}) on conflict (root) do update set ${name} = excluded.${name}`;
}

export function noteColumn(root: string, attnum: number, spec: ColumnSpec): string {
  const values = `${root}, ${attnum}, ${quoteLiteral(JSON.stringify(spec))}`;
  return `insert into lakeloop.column_note (root, attnum, spec) values (${values}) on conflict (root, attnum) do update set spec = excluded.spec`;
}
