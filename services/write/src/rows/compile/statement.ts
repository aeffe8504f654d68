import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import type { Parameters } from './parameters.ts';

/** A statement of text parameters that yields one row `(body text, total bigint, page bigint, extra jsonb)`. */
export interface Statement {
  text: string;
  parameters: readonly (string | null)[];
}

/** How the rows are to be shown. */
export interface Shape {
  /**
   * `none`: no body; `array`; `object`: exactly one row, as an object; `csv`; `value`, `values`: of a function's one column, alone or in a list; `raw`: that
   * column's bytes; `handler`: what an aggregate of the database makes of the rows.
   */
  body: 'none' | 'array' | 'object' | 'csv' | 'value' | 'values' | 'raw' | 'handler';
  stripNulls: boolean;
  /** Undefined where a function's value is the body itself. */
  handler?: { aggregate?: string | undefined; bytes: boolean };
}

/** Aggregates `rows` (a record-valued expression) into the body. PostgreSQL builds the text; nobody parses it again. */
export function bodySql(rows: string, { body, stripNulls, handler }: Shape, names?: readonly string[]): string {
  const list = `pg_catalog.json_agg(${rows})`;
  const stripped = stripNulls ? `pg_catalog.json_strip_nulls(${list})` : list;
  switch (body) {
    case 'none':
      return `''`;
    case 'array':
    case 'values':
      return `coalesce((${stripped})::pg_catalog.text, '[]')`;
    case 'object':
    case 'value':
      return `coalesce((${stripped}->0)::pg_catalog.text, 'null')`;
    case 'csv':
      return csvBody(rows, names);
    case 'raw':
      return encoded(
        handler?.bytes === true
          ? `pg_catalog.string_agg(${rows}::pg_catalog.bytea, '')`
          : `pg_catalog.convert_to(pg_catalog.string_agg(${rows}::pg_catalog.text, ''), 'UTF8')`,
      );
    case 'handler':
      return encoded(
        handler?.bytes === true
          ? `${handler.aggregate ?? ''}(${rows})`
          : `pg_catalog.convert_to(${handler?.aggregate ?? ''}(${rows})::pg_catalog.text, 'UTF8')`,
      );
  }
}

/** Bytes go as base64, since every result is text. */
function encoded(bytes: string): string {
  return `pg_catalog.encode(${bytes}, 'base64')`;
}

/** A first line of names, then the lines; no break at the end. `rows` is a line's text. */
function csvBody(rows: string, names: readonly string[] = []): string {
  return `pg_catalog.concat(${quoteLiteral(csvHead(names))}::pg_catalog.text, E'\n', pg_catalog.string_agg(${rows}, E'\n'))`;
}

/** The first line. */
export function csvHead(names: readonly string[]): string {
  return names.map(csvQuoted).join(',');
}

function csvQuoted(name: string): string {
  return /[\s",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

/** One record's line: what PostgreSQL would quote in a record's text is quoted, an empty field is null. */
export function csvLine(record: string, names: readonly string[]): string {
  if (names.length === 0) return `''`;
  return `pg_catalog.concat_ws(',', ${names.map((name) => csvField(`${record}.${quoteIdentifier(name)}`)).join(', ')})`;
}

function csvField(sql: string): string {
  const text = `${sql}::pg_catalog.text`;
  return `case when ${sql} is null then '' when ${text} = '' or ${text} ~ '[[:space:]"\\\\(),]' then pg_catalog.concat('"', pg_catalog.replace(${text}, '"', '""'), '"') else ${text} end`;
}

/**
 * A refusal that only the statement can know of and that must undo it: the row count breaks what the caller asked for. There is
 * no `raise` in SQL and we may own no function here, so a cast that can't succeed carries it: 22P02 with this text quoted in the message.
 */
export const COUNT_REFUSED = 'lakeloop:count-refused';

/** Both ends included. */
export interface RowBounds {
  least?: number;
  most?: number;
}

/** The number of rows, as a bigint; fails the statement when it is out of bounds. */
export function guardedCount(parameters: Parameters, bounds: RowBounds | undefined): string {
  const count = 'pg_catalog.count(*)';
  if (bounds === undefined) return count;
  const limit = (value: number): string => parameters.cast(String(value), 'pg_catalog.int8');
  const tests = [bounds.least === undefined ? '' : `${count} >= ${limit(bounds.least)}`, bounds.most === undefined ? '' : `${count} <= ${limit(bounds.most)}`];
  return `case when ${tests.filter((test) => test !== '').join(' and ')} then ${count} else ('${COUNT_REFUSED}:' || ${count})::pg_catalog.int8 end`;
}
