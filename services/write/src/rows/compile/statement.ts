import type { Parameters } from './parameters.ts';

/** A statement of text parameters that yields one row `(body text, total bigint, page bigint, extra jsonb)`. */
export interface Statement {
  text: string;
  parameters: readonly (string | null)[];
}

/** How the rows are to be shown. */
export interface Shape {
  /** `none`: no body; `array`; `object`: exactly one row, as an object. */
  body: 'none' | 'array' | 'object';
  stripNulls: boolean;
}

/** Aggregates `rows` (a record-valued expression) into the body. PostgreSQL builds the text; nobody parses it again. */
export function bodySql(rows: string, { body, stripNulls }: Shape): string {
  if (body === 'none') return `''`;
  const list = `pg_catalog.json_agg(${rows})`;
  const stripped = stripNulls ? `pg_catalog.json_strip_nulls(${list})` : list;
  return body === 'array' ? `coalesce((${stripped})::pg_catalog.text, '[]')` : `coalesce((${stripped}->0)::pg_catalog.text, 'null')`;
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
