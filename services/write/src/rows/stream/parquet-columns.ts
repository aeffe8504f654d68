import type pg from 'pg';
import type { FileColumn } from '../../exports/parquet-file.ts';
import { ApiError } from '../api-error.ts';

/** DuckDB's name of a type of PostgreSQL's own, by its object id (pg_type.dat). */
const TYPES: Readonly<Record<number, string>> = {
  16: 'BOOLEAN',
  20: 'BIGINT',
  21: 'SMALLINT',
  23: 'INTEGER',
  700: 'FLOAT',
  701: 'DOUBLE',
  1082: 'DATE',
  1083: 'TIME',
  1114: 'TIMESTAMP',
  1184: 'TIMESTAMPTZ',
  2950: 'UUID',
};
const BYTEA = 17;
const NUMERIC = 1700;
const CALENDAR: ReadonlySet<number> = new Set([1082, 1114, 1184]);

/** The columns of a file: values of other types, and numbers without a precision that fits, are text, as PostgreSQL spells them. 400 for a row without columns. */
export function parquetColumns(names: readonly string[], fields: readonly pg.FieldDef[]): FileColumn[] {
  if (names.length === 0) throw new ApiError(400, 'PGRST127', 'A parquet file has at least one column', { hint: 'Select something.' });
  return names.map((name, index) => ({ name, ...typeOf(fields[index]) }));
}

function typeOf(field: pg.FieldDef | undefined): Omit<FileColumn, 'name'> {
  const { dataTypeID: type = 0, dataTypeModifier: modifier = -1 } = field ?? {};
  if (type === BYTEA) return { type: 'BLOB', read: 'hex' };
  if (type === NUMERIC) return { type: decimalOf(modifier) ?? 'VARCHAR', read: 'text' };
  return { type: TYPES[type] ?? 'VARCHAR', read: CALENDAR.has(type) ? 'calendar' : 'text' };
}

/** `numeric(p, s)` has both in its modifier (numerictypmodin). */
function decimalOf(modifier: number): string | undefined {
  if (modifier < 4) return undefined;
  const precision = ((modifier - 4) >> 16) & 0xffff;
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  return precision <= 38 && scale >= 0 && scale <= precision ? `DECIMAL(${precision},${scale})` : undefined;
}
