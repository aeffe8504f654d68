import type { LakeDialect } from '#libs/lakehouse/lakehouse';
import { unsupported } from '../refusals.ts';
import type { LakeExpression } from './lake-field.ts';

const INTEGERS: Readonly<Record<string, { sql: string; lake: 'short' | 'integer' | 'long' }>> = {
  int2: { sql: 'smallint', lake: 'short' },
  int4: { sql: 'int', lake: 'integer' },
  int8: { sql: 'bigint', lake: 'long' },
};
const FLOATS: Readonly<Record<string, { sql: string; lake: 'float' | 'double' }>> = {
  float4: { sql: 'float', lake: 'float' },
  float8: { sql: 'double', lake: 'double' },
};
const NUMBERS = new Set(['int2', 'int4', 'int8', 'numeric', 'float4', 'float8']);
const TEXTS = new Set(['text', 'varchar', 'name', 'enum', 'uuid']);

/** Casts in SQL, where the outcome is the one PostgreSQL has. `to`: unqualified name of the type. Everything else is refused (501). */
export function castLake(expression: LakeExpression, to: string, dialect: LakeDialect): LakeExpression {
  const { sql, pg: from } = expression;
  if (from === to) return expression;
  const stored = typeof expression.lake === 'string' ? expression.lake : 'decimal';
  if (NUMBERS.has(from) && stored !== 'string') {
    const integer = INTEGERS[to];
    if (integer) return { sql: `cast(${rounded(sql, from, dialect)} as ${integer.sql})`, pg: to, lake: integer.lake, decimal: { precision: 19, scale: 0 } };
    const float = FLOATS[to];
    if (float) return { sql: `cast(${sql} as ${float.sql})`, pg: to, lake: float.lake };
    if (to === 'numeric' && from.startsWith('int')) {
      const decimal = { precision: 19, scale: 0 };
      return { sql: `cast(${sql} as decimal(19,0))`, pg: to, lake: { decimal }, decimal };
    }
  }
  if (to === 'text' || to === 'varchar') {
    if (TEXTS.has(from)) return { sql, pg: to, lake: 'string' };
    if (from.startsWith('int') || (from === 'numeric' && stored !== 'string') || from === 'bool' || from === 'date')
      return { sql: `cast(${sql} as ${dialect === 'duckdb' ? 'varchar' : 'string'})`, pg: to, lake: 'string' };
  }
  const temporal = castTime(sql, from, to, dialect);
  if (temporal) return temporal;
  throw unsupported(`the cast from ${from} to ${to} in the lakehouse`, 'Cast in the client, or read the column as it is.');
}

/** PostgreSQL rounds numerics half away from zero and floats half to even; DuckDB's cast does the same, Spark's cuts. */
function rounded(sql: string, from: string, dialect: LakeDialect): string {
  if (dialect === 'duckdb' || from.startsWith('int')) return sql;
  return from === 'numeric' ? `round(${sql})` : `bround(${sql})`;
}

/** Times of day and dates are UTC's, as the whole layer's are; on Databricks that is the session's time zone (libs/lakehouse/databricks/warehouse.ts). */
function castTime(sql: string, from: string, to: string, dialect: LakeDialect): LakeExpression | undefined {
  const duckdb = dialect === 'duckdb';
  const plain = duckdb ? 'timestamp' : 'timestamp_ntz';
  const local = from === 'timestamptz' ? (duckdb ? `(${sql} at time zone 'UTC')` : `cast(${sql} as timestamp_ntz)`) : sql;
  if (to === 'date' && from.startsWith('timestamp')) return { sql: `cast(${local} as date)`, pg: 'date', lake: 'date' };
  if (to === 'timestamp' && (from === 'date' || from === 'timestamptz')) return { sql: `cast(${local} as ${plain})`, pg: 'timestamp', lake: 'timestamp_ntz' };
  return undefined;
}
