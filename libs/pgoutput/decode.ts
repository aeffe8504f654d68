import { ByteReader } from './byte-reader.ts';
import type {
  Column,
  DeleteMessage,
  InsertMessage,
  LogicalMessage,
  Message,
  OldTuple,
  RelationMessage,
  ReplicaIdentity,
  StreamCommitMessage,
  TruncateMessage,
  TypeMessage,
  UpdateMessage,
} from './message.ts';
import { PgoutputError } from './pgoutput-error.ts';
import { STRIDE, Tuple, VALUE } from './tuple.ts';

/** Microseconds from the Unix epoch to PostgreSQL's, 2000-01-01. */
export const POSTGRES_EPOCH = 946_684_800_000_000n;

export interface DecodeOptions {
  /** Where the message lies in the buffer; default: all of it. */
  start?: number;
  end?: number;
  /** Between a Stream Start and its Stream Stop, where messages carry a transaction id (protocol 2). */
  inStream?: boolean;
}

/**
 * Decodes one message of pgoutput, protocol 1 or 2. Throws `PgoutputError`, and nothing else, on bytes that are none.
 * The result's byte values are views on `bytes`.
 */
export function decode(bytes: Buffer, { inStream = false, start = 0, end = bytes.length }: DecodeOptions = {}): Message {
  if (start >= end) throw new PgoutputError('', 0, 'no bytes');
  const tag = String.fromCharCode(bytes[start] as number);
  const reader = new ByteReader(bytes, tag, start, end);
  reader.uint8();
  const message = decodeBody(tag, reader, inStream);
  reader.end();
  return message;
}

function decodeBody(tag: string, reader: ByteReader, inStream: boolean): Message {
  switch (tag) {
    case 'I':
      return insert(reader, inStream);
    case 'U':
      return update(reader, inStream);
    case 'D':
      return remove(reader, inStream);
    case 'B':
      return { type: 'begin', commitLsn: reader.lsn(), commitTime: time(reader), xid: reader.uint32() };
    case 'C':
      return { type: 'commit', flags: reader.uint8(), commitLsn: reader.lsn(), endLsn: reader.lsn(), commitTime: time(reader) };
    case 'R':
      return relation(reader, inStream);
    case 'Y':
      return type(reader, inStream);
    case 'T':
      return truncate(reader, inStream);
    case 'M':
      return logical(reader, inStream);
    case 'O':
      return { type: 'origin', commitLsn: reader.lsn(), name: reader.string() };
    case 'S':
      return { type: 'stream-start', xid: reader.uint32(), first: flag(reader) };
    case 'E':
      return { type: 'stream-stop' };
    case 'c':
      return streamCommit(reader);
    case 'A':
      return { type: 'stream-abort', xid: reader.uint32(), subXid: reader.uint32() };
    default:
      throw new PgoutputError(tag, 0, 'unknown tag');
  }
}

function insert(reader: ByteReader, inStream: boolean): InsertMessage {
  const streamXid = xidIf(reader, inStream);
  const relationOid = reader.uint32();
  expectNew(reader, reader.uint8());
  return { type: 'insert', streamXid, relationOid, new: tuple(reader) };
}

function update(reader: ByteReader, inStream: boolean): UpdateMessage {
  const streamXid = xidIf(reader, inStream);
  const relationOid = reader.uint32();
  const marker = reader.uint8();
  const old = marker === NEW ? null : oldTuple(reader, marker);
  if (old !== null) expectNew(reader, reader.uint8());
  return { type: 'update', streamXid, relationOid, old, new: tuple(reader) };
}

function remove(reader: ByteReader, inStream: boolean): DeleteMessage {
  return { type: 'delete', streamXid: xidIf(reader, inStream), relationOid: reader.uint32(), old: oldTuple(reader, reader.uint8()) };
}

const NEW = 0x4e;
const KEY = 0x4b;
const OLD = 0x4f;

function expectNew(reader: ByteReader, marker: number): void {
  if (marker !== NEW) reader.fail(`tuple marker 0x${marker.toString(16)} where N is due`);
}

function oldTuple(reader: ByteReader, marker: number): OldTuple {
  if (marker !== KEY && marker !== OLD) reader.fail(`tuple marker 0x${marker.toString(16)} where K or O is due`);
  return { kind: marker === KEY ? 'key' : 'full', tuple: tuple(reader) };
}

function tuple(reader: ByteReader): Tuple {
  const count = reader.uint16();
  reader.expectItems(count, 1);
  const from = takePlaces(count);
  const places = room;
  const end = from + count * STRIDE;
  for (let at = from; at < end; at += STRIDE) {
    const kind = reader.uint8();
    places[at] = kind;
    if (kind === VALUE.text || kind === VALUE.binary) {
      places[at + 1] = reader.skip(reader.int32());
      places[at + 2] = reader.offset;
    } else if (kind !== VALUE.null && kind !== VALUE.unchanged) reader.fail(`value kind 0x${kind.toString(16)}`);
  }
  return new Tuple(reader.buffer, count, places, from);
}

const ROOM = 16_384;
/** Places of many rows share an array: one of each row's own is most of what a row costs in memory. What was given out is never written again. */
let room = new Int32Array(ROOM);
let taken = 0;

/** Where in `room` there are places for `count` values. */
function takePlaces(count: number): number {
  const length = count * STRIDE;
  if (taken + length > room.length) {
    room = new Int32Array(Math.max(ROOM, length));
    taken = 0;
  }
  taken += length;
  return taken - length;
}

const REPLICA_IDENTITY: Readonly<Record<number, ReplicaIdentity>> = { 0x64: 'default', 0x6e: 'nothing', 0x66: 'full', 0x69: 'index' };
/** Flag byte, empty name, type and modifier. */
const SMALLEST_COLUMN = 10;

function relation(reader: ByteReader, inStream: boolean): RelationMessage {
  const streamXid = xidIf(reader, inStream);
  const oid = reader.uint32();
  const schema = reader.string();
  const name = reader.string();
  const identity = reader.uint8();
  const replicaIdentity = REPLICA_IDENTITY[identity] ?? reader.fail(`replica identity 0x${identity.toString(16)}`);
  const count = reader.uint16();
  reader.expectItems(count, SMALLEST_COLUMN);
  const columns: Column[] = [];
  for (let index = 0; index < count; index += 1) columns.push(column(reader));
  return { type: 'relation', streamXid, oid, schema, name, replicaIdentity, columns };
}

function column(reader: ByteReader): Column {
  const key = flag(reader);
  return { key, name: reader.string(), typeOid: reader.uint32(), typeModifier: reader.int32() };
}

function type(reader: ByteReader, inStream: boolean): TypeMessage {
  return { type: 'type', streamXid: xidIf(reader, inStream), oid: reader.uint32(), schema: reader.string(), name: reader.string() };
}

function truncate(reader: ByteReader, inStream: boolean): TruncateMessage {
  const streamXid = xidIf(reader, inStream);
  const count = reader.uint32();
  const options = reader.uint8();
  if (options > 3) reader.fail(`truncate options 0x${options.toString(16)}`);
  reader.expectItems(count, 4);
  const relationOids: number[] = [];
  for (let index = 0; index < count; index += 1) relationOids.push(reader.uint32());
  return { type: 'truncate', streamXid, cascade: (options & 1) === 1, restartIdentity: (options & 2) === 2, relationOids };
}

function logical(reader: ByteReader, inStream: boolean): LogicalMessage {
  const streamXid = xidIf(reader, inStream);
  return { type: 'message', streamXid, transactional: flag(reader), lsn: reader.lsn(), prefix: reader.string(), content: reader.bytes(reader.int32()) };
}

function streamCommit(reader: ByteReader): StreamCommitMessage {
  return { type: 'stream-commit', xid: reader.uint32(), flags: reader.uint8(), commitLsn: reader.lsn(), endLsn: reader.lsn(), commitTime: time(reader) };
}

function xidIf(reader: ByteReader, inStream: boolean): number | null {
  return inStream ? reader.uint32() : null;
}

function flag(reader: ByteReader): boolean {
  const byte = reader.uint8();
  if (byte > 1) reader.fail(`flag 0x${byte.toString(16)}`);
  return byte === 1;
}

function time(reader: ByteReader): bigint {
  return reader.int64() + POSTGRES_EPOCH;
}
