/** The thread that reads history, so that a long catch-up holds up neither the event loop nor commits. Erasable TypeScript. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { openForReading } from './database.ts';
import { offsetOf, rowId } from './partition-rows.ts';
import { STRIDE, type PackedRecords, type ReaderRequest, type ReadReply, type ThreadMessage } from './protocol.ts';

interface Row {
  id: bigint;
  at: bigint;
  key: Uint8Array | null;
  value: Uint8Array | null;
  headers: Uint8Array;
}

const { file } = workerData as { file: string };
const port = parentPort as MessagePort;
const db = openForReading(file);
const select = db.prepare('select id, at, key, value, cast(headers as blob) as headers from record where id >= ? and id < ? order by id limit ?');
select.setReadBigInts(true);

function read(request: ReaderRequest & { type: 'read' }): ReadReply {
  const rows: Row[] = [];
  let size = 0;
  let full = false;
  for (const row of select.iterate(rowId(request.partitionId, request.from), rowId(request.partitionId, request.to), request.maxRecords)) {
    const found = row as unknown as Row;
    rows.push(found);
    size += (found.key?.length ?? 0) + (found.value?.length ?? 0) + found.headers.length;
    full = size >= request.maxBytes || rows.length === request.maxRecords;
    if (full) break;
  }
  const last = rows.at(-1);
  return { records: pack(rows, size), through: full && last ? offsetOf(last.id) + 1 : request.to };
}

function pack(rows: readonly Row[], size: number): PackedRecords {
  const meta = new Float64Array(rows.length * STRIDE);
  const bytes = new Uint8Array(size);
  let position = 0;
  rows.forEach((row, i) => {
    const m = i * STRIDE;
    meta[m] = offsetOf(row.id);
    meta[m + 1] = Number(row.at);
    for (const [column, part] of [row.key, row.value, row.headers].entries()) {
      meta[m + 2 + column] = part?.length ?? -1;
      if (part) bytes.set(part, position);
      position += part?.length ?? 0;
    }
  });
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
