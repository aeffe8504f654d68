import { request } from '../../api/request.ts';
import type { ExportFormat } from './export-query.ts';
import type { FileSink } from './file-sink.ts';

export interface ExportProgress {
  bytes: number;
  /** Bytes in all; undefined where the service does not know yet. */
  size: number | undefined;
  /** Rows that have come, about: lines of the file. Undefined for a binary one. */
  rows: number | undefined;
  /** Rows in all, as PostgreSQL plans; undefined where it does not say. */
  expected: number | undefined;
}

export interface ExportAsked {
  schema: string;
  table: string;
  query: URLSearchParams;
  format: ExportFormat;
  sink: FileSink;
  onProgress: (progress: ExportProgress) => void;
  signal: AbortSignal;
}

const NEWLINE = 0x0a;

/** Reads a table into a sink, no faster than the sink takes it. Throws `ApiError` for a refusal, and whatever breaks the connection off: then there is no file. */
export async function runExport({ schema, table, query, format, sink, onProgress, signal }: ExportAsked): Promise<Blob> {
  const headers = { accept: format.accept, 'accept-profile': schema, prefer: 'count=planned' };
  const response = await request(`/rest/v1/${encodeURIComponent(table)}?${query}`, { headers, signal });
  const length = response.headers.get('content-length');
  const total = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  const progress: ExportProgress = {
    bytes: 0,
    size: length === null ? undefined : Number(length),
    rows: format.name === 'parquet' ? undefined : 0,
    expected: total === undefined ? undefined : Number(total),
  };
  onProgress({ ...progress });
  try {
    for await (const chunk of response.body ?? []) {
      await sink.write(chunk);
      progress.bytes += chunk.length;
      if (progress.rows !== undefined) progress.rows += linesIn(chunk);
      onProgress({ ...progress });
    }
    return await sink.finish();
  } catch (error) {
    await sink.abandon();
    throw error;
  }
}

function linesIn(chunk: Uint8Array): number {
  let lines = 0;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
}
