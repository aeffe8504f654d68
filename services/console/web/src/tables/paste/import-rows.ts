import type { ImportReport } from '#contracts/http/imports';
import { ApiError } from '../../api/api-error.ts';
import { lakeloop } from '../../api/lakeloop.ts';
import type { GridColumn } from '../columns/grid-column.ts';
import { rowJson } from '../columns/row-json.ts';
import type { Values } from '../rows/grid-row.ts';
import { feedImport } from '../transfer/feed-import.ts';

interface ImportedRows {
  schema: string;
  table: string;
  columns: ReadonlyMap<string, GridColumn>;
  rows: readonly Values[];
  /** Told the trace that the rows will have, before the first of them is written. */
  onTrace: (traceId: string) => void;
  /** Told how much is done, 0 to 1. */
  onProgress: (share: number) => void;
}

/** The service is asked so often how far it is, ms. */
const ASK_MS = 300;

/** Whether all rows give the same columns, as the lines of an import must: what one left out would be null, not its default. */
export function isEven(rows: readonly Values[]): boolean {
  const named = Object.keys(rows[0] ?? {});
  return rows.every((row) => Object.keys(row).length === named.length && named.every((name) => name in row));
}

/** Adds rows as an import: one transaction however many they are, and it tells how far it is. Throws `ApiError`, and nothing is kept. */
export async function importRows({ schema, table, columns, rows, onTrace, onProgress }: ImportedRows): Promise<void> {
  const { imports } = lakeloop();
  const { id, traceId } = await imports.begin({ table: { schema, name: table }, format: 'ndjson', mode: 'all-or-nothing' });
  onTrace(traceId);
  const file = new Blob([rows.map((row) => `${rowJson(columns, row)}\n`).join('')]);
  const asking = setInterval(() => void imports.report(id).then(({ lines }) => onProgress(lines / rows.length), ignore), ASK_MS);
  try {
    await feedImport({ id, file, offset: 0, onSent: ignore, signal: new AbortController().signal });
  } catch (error) {
    throw refused(await imports.report(id).catch(() => undefined)) ?? error;
  } finally {
    clearInterval(asking);
  }
}

function refused(report: ImportReport | undefined): ApiError | undefined {
  const [first] = report?.refusals ?? [];
  return first && new ApiError(422, `Line ${first.line}: ${first.message}`, { code: first.code });
}

/** What is not told now is told by the end. */
function ignore(): void {
  // Nothing to do.
}
