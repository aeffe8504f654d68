import type { LogRecord, StoredRecord } from '../change-log.ts';
import { STRIDE, type PackedRecords } from './protocol.ts';

const NO_HEADERS = Buffer.from('{}');

/** Copies records into one buffer; `places[i]` is the partition id of record i. */
export function packRecords(records: readonly LogRecord[], places: readonly number[]): PackedRecords {
  const headers = records.map((record) => headerBytes(record.headers));
  let size = 0;
  records.forEach((record, i) => (size += (record.key?.length ?? 0) + (record.value?.length ?? 0) + headers[i]!.length));
  const meta = new Float64Array(records.length * STRIDE);
  const bytes = new Uint8Array(size);
  let at = 0;
  records.forEach((record, i) => {
    const m = i * STRIDE;
    meta[m] = places[i]!;
    for (const [column, part] of [record.key, record.value, headers[i]!].entries()) {
      meta[m + 2 + column] = part?.length ?? -1;
      if (part) bytes.set(part, at);
      at += part?.length ?? 0;
    }
  });
  return { meta, bytes };
}

function headerBytes(headers: Readonly<Record<string, string>>): Buffer {
  return Object.keys(headers).length === 0 ? NO_HEADERS : Buffer.from(JSON.stringify(headers));
}

/** Splits what `read` answered: the records of one partition. */
export function unpackRecords({ meta, bytes }: PackedRecords, topic: string, partition: number): StoredRecord[] {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: StoredRecord[] = [];
  let at = 0;
  const take = (length: number): Buffer | null => {
    if (length < 0) return null;
    at += length;
    return source.subarray(at - length, at);
  };
  for (let m = 0; m < meta.length; m += STRIDE) {
    const key = take(meta[m + 2]!);
    const value = take(meta[m + 3]!);
    const headers = take(meta[m + 4]!)!;
    records.push({ topic, partition, offset: BigInt(meta[m]!), timestampMs: meta[m + 1]!, key, value, headers: parseHeaders(headers) });
  }
  return records;
}

function parseHeaders(bytes: Buffer): Record<string, string> {
  return bytes.length === 2 ? {} : (JSON.parse(bytes.toString()) as Record<string, string>);
}
