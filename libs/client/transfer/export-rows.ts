import type { Http } from '../http.ts';
import type { TableName } from '../tables/table-name.ts';

const EXPORT_TYPES = { csv: 'text/csv', ndjson: 'application/x-ndjson', parquet: 'application/vnd.apache.parquet' } as const;

export interface ExportOptions {
  format: keyof typeof EXPORT_TYPES;
  /** PostgREST's: `select`, filters, `order`, `asOf` … Default: all of it. */
  query?: string | URLSearchParams;
  /** Told after each piece that was read. */
  onProgress?: (progress: ExportProgress) => void;
  signal?: AbortSignal | undefined;
}

export interface ExportProgress {
  bytes: number;
  /** Bytes in all; undefined where the service does not know yet. */
  size: number | undefined;
  /** Rows that have come, about: lines of the file. Undefined for Parquet. */
  rows: number | undefined;
  /** Rows in all, as PostgreSQL plans; undefined where it does not say. */
  expected: number | undefined;
}

const NEWLINE = 0x0a;

/** Rows as a file that is read as it comes, and no faster. It fails where the connection breaks: then the file is not whole. */
export async function exportRows(
  http: Http,
  { schema, name }: TableName,
  { format, query = '', onProgress = () => undefined, signal }: ExportOptions,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const headers = { accept: EXPORT_TYPES[format], prefer: 'count=planned', ...(schema === undefined ? {} : { 'accept-profile': schema }) };
  const response = await http.send(`/rest/v1/${encodeURIComponent(name)}?${query}`, { headers, signal });
  const length = response.headers.get('content-length');
  const total = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  const progress: ExportProgress = {
    bytes: 0,
    size: length === null ? undefined : Number(length),
    rows: format === 'parquet' ? undefined : 0,
    expected: total === undefined ? undefined : Number(total),
  };
  onProgress({ ...progress });
  const counting = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform: (chunk, controller) => {
      progress.bytes += chunk.length;
      if (progress.rows !== undefined) progress.rows += linesIn(chunk);
      controller.enqueue(chunk);
      onProgress({ ...progress });
    },
  });
  return (response.body ?? new Blob([]).stream()).pipeThrough(counting);
}

function linesIn(chunk: Uint8Array): number {
  let lines = 0;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
}
