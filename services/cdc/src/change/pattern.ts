import { Failure } from '#libs/failure/failure';

/** A test of names by `*` for any run of characters. */
export function glob(text: string): RegExp {
  const escaped = text.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${escaped.join('.*')}$`, 's');
}

export interface TablePattern {
  schema: RegExp;
  name: RegExp;
}

/** `schema.table`; the schema ends at the first dot. Throws a `misconfigured` Failure that names the setting. */
export function tablePattern(pattern: string, setting: string): TablePattern {
  const dot = pattern.indexOf('.');
  if (dot < 1 || dot === pattern.length - 1) throw new Failure('misconfigured', `${setting}: ${JSON.stringify(pattern)} is not schema.table`);
  return { schema: glob(pattern.slice(0, dot)), name: glob(pattern.slice(dot + 1)) };
}

export interface ColumnPattern extends TablePattern {
  column: RegExp;
}

/** `schema.table.column`; the column begins behind the last dot. */
export function columnPattern(pattern: string, setting: string): ColumnPattern {
  const dot = pattern.lastIndexOf('.');
  if (pattern.indexOf('.') === dot || dot === pattern.length - 1)
    throw new Failure('misconfigured', `${setting}: ${JSON.stringify(pattern)} is not schema.table.column`);
  return { ...tablePattern(pattern.slice(0, dot), setting), column: glob(pattern.slice(dot + 1)) };
}

export function matchesTable({ schema, name }: TablePattern, table: { schema: string; name: string }): boolean {
  return schema.test(table.schema) && name.test(table.name);
}

/** `pattern=value` at the first `=`. */
export function assignment(item: string, setting: string): [pattern: string, value: string] {
  const at = item.indexOf('=');
  if (at < 1 || at === item.length - 1) throw new Failure('misconfigured', `${setting}: an item is not of the form pattern=value`);
  return [item.slice(0, at).trim(), item.slice(at + 1).trim()];
}
