import { type ReadRequest, rowsOf } from './read.ts';
import { csvHead, csvLine, type Statement } from './statement.ts';

/** How rows are written one by one. `fields`: each value for itself, as ./fields has it, for a file that somebody else writes. */
export type LineFormat = 'array' | 'ndjson' | 'csv' | 'fields';

export interface LineRequest extends Omit<ReadRequest, 'shape' | 'versioned'> {
  format: LineFormat;
  stripNulls: boolean;
}

/** Rows one by one. All statements have the same parameters. */
export interface Lines {
  /** One text for each row. */
  lines: Statement;
  /** The rows as they are, none of them: for their types. */
  none: Statement;
  /** How many rows there are without limit and offset (first column); null where that was not asked. */
  total: Statement;
  /** How many there are with them. */
  page: Statement;
  /** What stands around and between the lines. */
  frame: Frame;
  names: readonly string[];
}

export interface Frame {
  begin: string;
  separator: string;
  end: string;
}

export function compileLines(request: LineRequest): Lines {
  const { format, stripNulls } = request;
  const { scope, text, names, total } = rowsOf(request);
  const statement = (sql: string): Statement => ({ text: sql, parameters: scope.parameters.values });
  const columns = names.map((_name, index) => `c${index}`);
  // By place: two columns of an answer may have one name.
  const record = format === 'fields' ? `_r(${columns.join(', ')})` : '_r';
  return {
    lines: statement(`select ${lineSql(format, stripNulls, { names, columns })} from (${text}) ${record}`),
    none: statement(`select * from (${text}) _r limit 0`),
    // A statement must use each of its parameters, which a count alone need not.
    total: statement(`select ${total}, (select pg_catalog.count(*) from (select * from (${text}) _x limit 0) _n)`),
    page: statement(`select pg_catalog.count(*) from (${text}) _c`),
    frame: frameOf(format, stripNulls, names),
    names,
  };
}

function lineSql(format: LineFormat, stripNulls: boolean, { names, columns }: { names: readonly string[]; columns: readonly string[] }): string {
  const json = 'pg_catalog.row_to_json(_r.*)';
  switch (format) {
    case 'array':
    case 'ndjson':
      return `${stripNulls ? `pg_catalog.json_strip_nulls(${json})` : json}::pg_catalog.text`;
    case 'csv':
      return csvLine('_r', names);
    case 'fields':
      return `pg_catalog.concat_ws(',', ${columns.map(fieldSql).join(', ')})`;
  }
}

/** What a null is in a line of fields: every other value is in quotes. */
export const NO_VALUE = '\\N';

function fieldSql(column: string): string {
  return `case when ${column} is null then '${NO_VALUE}' else pg_catalog.concat('"', pg_catalog.replace(${column}::pg_catalog.text, '"', '""'), '"') end`;
}

/** As PostgreSQL puts rows together where it does so by itself (json_agg). */
function frameOf(format: LineFormat, stripNulls: boolean, names: readonly string[]): Frame {
  switch (format) {
    case 'array':
      return { begin: '[', separator: stripNulls ? ',' : ', \n ', end: ']' };
    case 'csv':
      return { begin: `${csvHead(names)}\n`, separator: '\n', end: '' };
    case 'ndjson':
    case 'fields':
      return { begin: '', separator: '\n', end: '\n' };
  }
}

/** Lines of a piece of the answer: `first` where none came before. */
export function joined(rows: readonly (readonly (string | null)[])[], { begin, separator }: Frame, first: boolean): string {
  const text = rows.map(([line]) => line ?? '').join(separator);
  if (first) return `${begin}${text}`;
  return rows.length === 0 ? '' : `${separator}${text}`;
}
