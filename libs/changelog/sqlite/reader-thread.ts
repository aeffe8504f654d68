/** The thread that reads history, so that a long catch-up holds up neither the event loop nor commits. Erasable TypeScript. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { openForReading } from './database.ts';
import { OFFSET_MASK, rowId } from './partition-rows.ts';
import { STRIDE, type PackedRecords, type ReaderRequest, type ReadReply, type ThreadMessage } from './protocol.ts';

type Row = [offset: number, at: number, key: Uint8Array | null, value: Uint8Array | null, headers: Uint8Array];

const [KEY, VALUE, HEADERS] = [2, 3, 4] as const;

const { file } = workerData as { file: string };
const port = parentPort as MessagePort;
const db = openForReading(file);
// Offsets and times fit into doubles, and rows come as arrays: an object and two bigints a record take longer than SQLite itself.
const select = db.prepare(`select id & ${OFFSET_MASK}, at, key, value, cast(headers as blob) from record where id >= ? and id < ? order by id limit ?`);
select.setReturnArrays(true);

function read(request: ReaderRequest & { type: 'read' }): ReadReply {
  const rows: Row[] = [];
  let size = 0;
  let full = false;
  for (const row of select.iterate(rowId(request.partitionId, request.from), rowId(request.partitionId, request.to), request.maxRecords)) {
    const found = row as unknown as Row;
    rows.push(found);
    size += (found[KEY]?.length ?? 0) + (found[VALUE]?.length ?? 0) + found[HEADERS].length;
    full = size >= request.maxBytes || rows.length === request.maxRecords;
    if (full) break;
  }
  const last = rows.at(-1);
  return { records: pack(rows, size), through: full && last ? last[0] + 1 : request.to };
}

function pack(rows: readonly Row[], size: number): PackedRecords {
  const meta = new Float64Array(rows.length * STRIDE);
  const bytes = new Uint8Array(size);
  let position = 0;
  let m = 0;
  for (const row of rows) {
    meta[m] = row[0];
    meta[m + 1] = row[1];
    for (let column: number = KEY; column <= HEADERS; column += 1) {
      const part = row[column] as Uint8Array | null;
      meta[m + column] = part?.length ?? -1;
      if (part === null) continue;
      bytes.set(part, position);
      position += part.length;
    }
    m += STRIDE;
  }
  return { meta, bytes };
}

port.on('message', (request: { seq: number } & ReaderRequest) => {
  if (request.type === 'close') {
    db.close();
    port.postMessage({ seq: request.seq, value: null } satisfies ThreadMessage);
    port.close();
    return;
  }
  try {
    const value = read(request);
    port.postMessage({ seq: request.seq, value } satisfies ThreadMessage, [value.records.meta.buffer, value.records.bytes.buffer]);
  } catch (error) {
    port.postMessage({ seq: request.seq, failure: { kind: 'bug', message: error instanceof Error ? error.message : String(error) } } satisfies ThreadMessage);
  }
});
port.postMessage({ seq: 0, value: null } satisfies ThreadMessage);
