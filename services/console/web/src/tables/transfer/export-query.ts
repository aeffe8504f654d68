import type { TableDescription } from '#contracts/http/tables';

export const FORMATS = [
  { name: 'csv', title: 'CSV', about: 'For spreadsheets. It can be imported again.' },
  { name: 'ndjson', title: 'NDJSON', about: 'One JSON object a line: for programs. It can be imported again.' },
  { name: 'parquet', title: 'Parquet', about: 'Typed columns: for analysis in DuckDB, Spark or pandas.' },
] as const;
export type ExportFormat = (typeof FORMATS)[number];

/** The read that an export is: every column that the person may see, with the filters and order of the grid where they are wanted. No limit: it is streamed. */
export function exportQuery({ columns }: Pick<TableDescription, 'columns'>, shown: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams([...shown].filter(([name]) => !UNWANTED.has(name)));
  query.set('select', columns.map(({ name }) => quoted(name)).join(','));
  return query;
}

/** A page is not all there is. */
const UNWANTED = new Set(['limit', 'offset', 'cursor', 'select']);

/** Whether a grid's query leaves rows out. */
export function isFiltered(shown: URLSearchParams): boolean {
  return [...shown.keys()].some((name) => !UNWANTED.has(name) && name !== 'order');
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/i.test(name) ? name : `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
