import type { DuckDBDataChunk } from '@duckdb/node-api';

const END = '"_lakeloop_end"';

/**
 * A query for DuckDB with one more column, the last, and one more row, the last: only there the column is true. The engine's driver (`@duckdb/node-api` 1.5.6)
 * tells an error or an interruption in the middle of a streamed result as its end, so that half of it would pass for all. UNION ALL keeps the order of rows.
 */
export function withEnd(sql: string): string {
  return `select *, false as ${END} from (\n${sql.replace(/[;\s]+$/, '')}\n) as q union all by name select true as ${END}`;
}

/** Whether the chunk's last row is the end of such a query. */
export function isEnd(chunk: DuckDBDataChunk): boolean {
  return chunk.rowCount > 0 && chunk.getColumnVector(chunk.columnCount - 1).getItem(chunk.rowCount - 1) === true;
}
