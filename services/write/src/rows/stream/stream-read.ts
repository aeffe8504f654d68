import { Readable } from 'node:stream';
import { Failure } from '#libs/failure/failure';
import type { Row } from '#libs/postgres/exchange';
import { parquetFile } from '../../exports/parquet-file.ts';
import { ApiError } from '../api-error.ts';
import { joined, type LineFormat, type Lines } from '../compile/stream.ts';
import type { OpenStream, RowStreams } from './row-streams.ts';
import { parquetColumns } from './parquet-columns.ts';

/** Longest text that is held back until the whole answer is known. */
const HELD = 256 * 1024;

/** The beginning of an answer, or all of it. */
export type Streamed =
  /** Short enough to be whole. */
  | { kind: 'whole'; body: string; rows: number }
  /** `rows`: counted where that was asked for. */
  | { kind: 'stream'; body: Readable; rows: number | undefined };

export interface StreamWish {
  lines: Lines;
  format: LineFormat;
  /** Whether somebody must know the number of rows before the first goes out. */
  counted: boolean;
}

/** Reads until the answer is known to be short or long. Closes by itself, also when it is refused. */
export async function streamedRead(streams: RowStreams, stream: OpenStream, wish: StreamWish): Promise<Streamed> {
  const { cursor } = stream;
  try {
    if (wish.format === 'fields') return await streamedFile(stream, wish);
    const { frame } = wish.lines;
    const head: Row[] = [];
    let held = 0;
    while (held < HELD) {
      const rows = await cursor.next();
      if (rows.length === 0) {
        await cursor.close();
        return { kind: 'whole', body: `${joined(head, frame, true)}${head.length === 0 && wish.format === 'ndjson' ? '' : frame.end}`, rows: head.length };
      }
      for (const row of rows) {
        head.push(row);
        held += row[0]?.length ?? 0;
      }
    }
    const rows = wish.counted ? await cursor.count(wish.lines.page) : undefined;
    return { kind: 'stream', body: readableOf(streams, stream, wish.lines, joined(head, frame, true)), rows };
  } catch (error) {
    await cursor.close();
    throw error;
  }
}

/** Pieces as fast as they are read; a client that stops reading, or an error, breaks it off. */
function readableOf({ stallMs, logger }: RowStreams, { cursor }: OpenStream, { frame }: Lines, head: string): Readable {
  async function* pieces(): AsyncGenerator<string> {
    try {
      for (let piece = head; piece !== ''; piece = joined(await cursor.next(), frame, false)) {
        const stalled = setTimeout(() => void readable.destroy(new Error(`the client read nothing for ${stallMs} ms`)), stallMs);
        try {
          yield piece;
        } finally {
          clearTimeout(stalled);
        }
      }
      if (frame.end !== '') yield frame.end;
    } finally {
      await cursor.close();
    }
  }
  const readable = Readable.from(pieces(), { objectMode: false, highWaterMark: 64 * 1024 });
  readable.once('error', (error: Error) => logger.error({ err: error }, 'a read broke off in the middle of its answer'));
  return readable;
}

/** A file has to be whole before its first byte is known to be right. */
async function streamedFile({ cursor }: OpenStream, { lines, counted }: StreamWish): Promise<Streamed> {
  const columns = parquetColumns(lines.names, await cursor.describe(lines.none));
  const rows = counted ? await cursor.count(lines.page) : undefined;
  async function* texts(): AsyncGenerator<string> {
    for (let piece = await cursor.next(); piece.length > 0; piece = await cursor.next()) yield `${piece.map(([line]) => line ?? '').join('\n')}\n`;
  }
  const body = await parquetFile(columns, texts()).catch((error: unknown) => {
    throw error instanceof Failure && error.kind === 'invalid-input' ? unfit(error) : error;
  });
  await cursor.close();
  return { kind: 'stream', body, rows };
}

function unfit({ message }: Failure): ApiError {
  return new ApiError(400, 'PGRST127', 'A value does not fit into a parquet file', { details: message, hint: 'Have the column as text: select=column::text.' });
}
