/** An error as a warehouse states it: condition, message, SQLSTATE (Databricks, "Error conditions"). */
export class SqlError extends Error {
  readonly condition: string;
  readonly sqlState: string;

  constructor(condition: string, sqlState: string, message: string) {
    super(`[${condition}] ${message} SQLSTATE: ${sqlState}`);
    this.condition = condition;
    this.sqlState = sqlState;
  }
}

export function syntaxError(near: string): SqlError {
  return new SqlError('PARSE_SYNTAX_ERROR', '42601', `Syntax error at or near '${near}'.`);
}

export function tableNotFound(name: string): SqlError {
  return new SqlError('TABLE_OR_VIEW_NOT_FOUND', '42P01', `The table or view \`${name}\` cannot be found.`);
}

/** DuckDB's complaint as the warehouse would put it. */
export function fromDuckDb(error: unknown): SqlError {
  if (error instanceof SqlError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const first = message.split('\n')[0] ?? '';
  if (/missing [()\]]|repetition|character class|invalid (escape sequence|perl operator|named capture)|trailing \\/i.test(first))
    return new SqlError('INVALID_PARAMETER_VALUE.PATTERN', '22023', first);
  if (/out of range|overflow/i.test(first)) return new SqlError('CAST_OVERFLOW', '22003', first);
  if (/^(Failed to [\w ]+: )?Conversion Error/i.test(first) || /Could not convert/i.test(first)) return new SqlError('CAST_INVALID_INPUT', '22018', first);
  if (/NOT NULL constraint/i.test(first)) return new SqlError('DELTA_NOT_NULL_CONSTRAINT_VIOLATED', '23502', first);
  if (/^(Failed to [\w ]+: )?Parser Error/i.test(first)) return new SqlError('PARSE_SYNTAX_ERROR', '42601', first);
  if (/does not exist|Catalog Error/i.test(first) && /Table/i.test(first)) return new SqlError('TABLE_OR_VIEW_NOT_FOUND', '42P01', first);
  if (/(Function|Macro) with name/i.test(first)) return new SqlError('UNRESOLVED_ROUTINE', '42883', first);
  if (/Binder Error/i.test(first)) return new SqlError('UNRESOLVED_COLUMN.WITHOUT_SUGGESTION', '42703', first);
  return new SqlError('INTERNAL_ERROR', 'XX000', first);
}
