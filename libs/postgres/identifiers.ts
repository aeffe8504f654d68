/** A relation by schema and name, as the catalogue spells them. */
export interface TableName {
  schema: string;
  name: string;
}

/** Quotes an identifier for SQL. Throws `TypeError` on a NUL byte or an empty name, which Postgres has no identifier for. */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) throw new TypeError('not a Postgres identifier');
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteTable(table: TableName): string {
  return `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
}

/** Quotes a string literal, for the few statements that take no parameters (DDL, COMMENT, replication commands). */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new TypeError('a Postgres string holds no NUL');
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? ` E${quoted}` : quoted;
}

/** A PostgreSQL array literal of text items (PostgreSQL manual, "Array Input and Output Syntax"). */
export function arrayLiteral(items: readonly (string | null)[]): string {
  return `{${items.map((item) => (item === null ? 'NULL' : `"${item.replaceAll(/["\\]/g, String.raw`\$&`)}"`)).join(',')}}`;
}
