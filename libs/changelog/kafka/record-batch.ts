import { compressionsAlgorithms, crc32c, Writer } from './protocol.ts';
import type { LogRecord } from '../change-log.ts';
import type { Compression } from './compression.ts';
import type { ProducerIdentity } from './fencing.ts';

/** Base offset and length, which the length itself does not count. */
const LENGTH_AT = 8;
const AFTER_LENGTH = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_AT = 23;
const FIRST_TIMESTAMP_AT = 27;
const MAX_TIMESTAMP_AT = 35;
const PRODUCER_ID_AT = 43;
const PRODUCER_EPOCH_AT = 51;
const SEQUENCE_AT = 53;
const COUNT_AT = 57;
export const BATCH_HEADER_BYTES = 61;
const MAGIC = 2;
/** Length, attributes, timestamp and offset deltas of a record, at most. */
const RECORD_OVERHEAD = 5 + 1 + 1 + 5;

const SHORT = 48;

export interface BatchOptions {
  identity: ProducerIdentity;
  /** Number of the first record in its partition, under this identity. */
  sequence: number;
  /** Time stamp of all records, ms since the epoch. */
  nowMs: number;
  compression: Compression;
}

/** Bytes that a record takes in a batch, at most. */
export function recordSize({ key, value, headers }: LogRecord): number {
  let size = RECORD_OVERHEAD + 15 + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers) size += 10 + 3 * (name.length + (headers[name] as string).length);
  return size;
}

/**
 * A record batch, format 2 (Kafka protocol guide, "Record Batch"), in one buffer: straight from the records' bytes, since the client library's encoder makes a dozen
 * objects for every record. `plain` has room for the header and the sum of the
 * records' `recordSize`; the result is a view on it, unless it was compressed.
 */
export function encodeBatch(records: readonly LogRecord[], plain: Buffer, { identity, sequence, nowMs, compression }: BatchOptions): Buffer {
  let end = BATCH_HEADER_BYTES;
  for (let index = 0; index < records.length; index += 1) end = writeRecord(plain, end, records[index] as LogRecord, index);
  const algorithm = compressionsAlgorithms[compression];
  const batch = algorithm.bitmask === 0 ? plain.subarray(0, end) : withHeaderRoom(algorithm.compressSync(plain.subarray(BATCH_HEADER_BYTES, end)));
  batch.fill(0, 0, LENGTH_AT);
  batch.writeInt32BE(batch.length - AFTER_LENGTH, LENGTH_AT);
  batch.writeInt32BE(-1, AFTER_LENGTH);
  batch.writeInt8(MAGIC, MAGIC_AT);
  batch.writeInt16BE(algorithm.bitmask, ATTRIBUTES_AT);
  batch.writeInt32BE(records.length - 1, LAST_OFFSET_AT);
  batch.writeBigInt64BE(BigInt(nowMs), FIRST_TIMESTAMP_AT);
  batch.writeBigInt64BE(BigInt(nowMs), MAX_TIMESTAMP_AT);
  batch.writeBigInt64BE(identity.id, PRODUCER_ID_AT);
  batch.writeInt16BE(identity.epoch, PRODUCER_EPOCH_AT);
  batch.writeInt32BE(sequence, SEQUENCE_AT);
  batch.writeInt32BE(records.length, COUNT_AT);
  batch.writeUInt32BE(checksum(batch.subarray(ATTRIBUTES_AT)), CRC_AT);
  return batch;
}

/** The library copies a plain buffer before it sums it up, a writer's not. */
function checksum(bytes: Buffer): number {
  return crc32c(Writer.create().append(bytes).dynamicBuffer);
}

function withHeaderRoom(body: Buffer): Buffer {
  const batch = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + body.length);
  batch.set(body, BATCH_HEADER_BYTES);
  return batch;
}

/** Returns where it ends. Headers nearly always are ASCII: their sizes are known without reading them, and a record that has others is written once more. */
function writeRecord(out: Buffer, start: number, record: LogRecord, offsetDelta: number): number {
  const end = writeSized(out, start, record, offsetDelta, asciiSize);
  return end ?? (writeSized(out, start, record, offsetDelta, Buffer.byteLength) as number);
}

/** Null when a text is of another size than `sizeOf` says. */
function writeSized(out: Buffer, start: number, { key, value, headers }: LogRecord, offsetDelta: number, sizeOf: (text: string) => number): number | null {
  let size = 2 + varintSize(offsetDelta) + bytesSize(key) + bytesSize(value);
  let count = 0;
  for (const name in headers) {
    const nameSize = sizeOf(name);
    const textSize = sizeOf(headers[name] as string);
    size += varintSize(nameSize) + nameSize + varintSize(textSize) + textSize;
    count += 1;
  }
  let at = writeVarint(out, start, size + varintSize(count));
  const body = at;
  out[at++] = 0;
  out[at++] = 0;
  at = writeVarint(out, at, offsetDelta);
  at = writeBytes(out, at, key);
  at = writeBytes(out, at, value);
  at = writeVarint(out, at, count);
  for (const name in headers) at = writeText(out, writeText(out, at, name), headers[name] as string);
  return at - body === size + varintSize(count) ? at : null;
}

function asciiSize(text: string): number {
  return text.length;
}

/** A length of -1 stands for null. */
function bytesSize(bytes: Buffer | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

function writeBytes(out: Buffer, start: number, bytes: Buffer | null): number {
  if (bytes === null) return writeVarint(out, start, -1);
  const at = writeVarint(out, start, bytes.length);
  // A call costs as much as about this many bytes.
  if (bytes.length > SHORT) out.set(bytes, at);
  else for (let index = 0; index < bytes.length; index += 1) out[at + index] = bytes[index] as number;
  return at + bytes.length;
}

function writeText(out: Buffer, start: number, text: string): number {
  let at = writeVarint(out, start, text.length);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) return writeUtf8(out, start, text);
    out[at++] = code;
  }
  return at;
}

function writeUtf8(out: Buffer, start: number, text: string): number {
  const at = writeVarint(out, start, Buffer.byteLength(text));
  return at + out.write(text, at);
}

/** Zigzag, seven bits a byte. */
function writeVarint(out: Buffer, start: number, value: number): number {
  let rest = (value << 1) ^ (value >> 31);
  let at = start;
  while ((rest & ~0x7f) !== 0) {
    out[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}

function varintSize(value: number): number {
  let rest = (value << 1) ^ (value >> 31);
  let size = 1;
  while ((rest & ~0x7f) !== 0) {
    size += 1;
    rest >>>= 7;
  }
  return size;
}
