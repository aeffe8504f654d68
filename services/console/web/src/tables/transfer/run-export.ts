import type { ExportProgress } from '#libs/client/transfer/export-rows';
import { lakeloop } from '../../api/lakeloop.ts';
import type { ExportFormat } from './export-query.ts';
import type { FileSink } from './file-sink.ts';

export interface ExportAsked {
  schema: string;
  table: string;
  query: URLSearchParams;
  format: ExportFormat;
  sink: FileSink;
  onProgress: (progress: ExportProgress) => void;
  signal: AbortSignal;
}

/** Reads a table into a sink, no faster than the sink takes it. Throws `ApiError` for a refusal, and whatever breaks the connection off: then there is no file. */
export async function runExport({ schema, table, query, format, sink, onProgress, signal }: ExportAsked): Promise<Blob> {
  const file = await lakeloop().exportRows({ schema, name: table }, { format: format.name, query, onProgress, signal });
  try {
    for await (const chunk of file) await sink.write(chunk);
    return await sink.finish();
  } catch (error) {
    await sink.abandon();
    throw error;
  }
}
