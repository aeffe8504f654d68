import type { EncodedRow, Operation } from '#contracts/topics/change-event';
import { type EventId, parseEventId } from '#contracts/topics/event-id';
import { HEADER } from '#contracts/topics/headers';
import { parseJson } from '#contracts/topics/json';

/** A record as the log hands it over; the part of `StoredRecord` that is read here. */
export interface RawRecord {
  partition: number;
  offset: bigint;
  key: Uint8Array | null;
  value: Uint8Array | null;
  headers: Readonly<Record<string, string>>;
}

/** A change, parsed once for all who watch the table. */
export interface TailChange {
  kind: 'change';
  partition: number;
  offset: bigint;
  id: EventId;
  idText: string;
  commitLsn: bigint;
  /** 32 bits, without epoch. */
  xid: number;
  op: Exclude<Operation, 'r'>;
  /** Null for a truncate, or a table without a key. */
  key: EncodedRow | null;
  keyText: string;
  before: EncodedRow | null;
  after: EncodedRow | null;
  /** Commit time, ms since the epoch. */
  committedMs: number;
  /** Bytes of the record, for bounds. */
  bytes: number;
  actor?: string;
  agent?: string;
  traceparent?: string;
}

/** A record that nobody can read: who watches the table has missed something. */
export interface TailHole {
  kind: 'hole';
  partition: number;
  offset: bigint;
  reason: string;
}
export type TailRecord = TailChange | TailHole | TailNothing;

/** No change to a subscriber: a tombstone, or a row of a snapshot. */
export interface TailNothing {
  kind: 'nothing';
  partition: number;
  offset: bigint;
}

/** Never throws: what can't be read is a hole. */
export function readRecord(record: RawRecord): TailRecord {
  const nothing: TailNothing = { kind: 'nothing', partition: record.partition, offset: record.offset };
  if (record.value === null) return nothing;
  try {
    return readChange(record, record.value) ?? nothing;
  } catch (error) {
    return { kind: 'hole', partition: record.partition, offset: record.offset, reason: error instanceof Error ? error.message : 'unreadable' };
  }
}

interface Envelope {
  op: Operation;
  before: EncodedRow | null;
  after: EncodedRow | null;
  source: { txId: number | null; ts_ms: number };
}

function readChange(record: RawRecord, value: Uint8Array): TailChange | undefined {
  const envelope = parseJson(text(value)) as unknown as Envelope;
  if (envelope.op === 'r') return undefined;
  if (record.headers[HEADER.parked] !== undefined) throw new TypeError('capture parked this change');
  if (!['c', 'u', 'd', 't'].includes(envelope.op)) throw new TypeError('unknown operation');
  if (typeof envelope.source?.txId !== 'number') throw new TypeError('no transaction id');
  const idText = record.headers[HEADER.id] ?? '';
  const id = parseEventId(idText);
  const keyText = record.key === null ? '' : text(record.key);
  return {
    kind: 'change',
    partition: record.partition,
    offset: record.offset,
    id,
    idText,
    commitLsn: id.commitLsn,
    xid: envelope.source.txId,
    op: envelope.op,
    key: keyText === '' ? null : (parseJson(keyText) as EncodedRow),
    keyText,
    before: envelope.before ?? null,
    after: envelope.after ?? null,
    committedMs: envelope.source.ts_ms,
    bytes: value.length + keyText.length,
    ...contextOf(record.headers),
  };
}

/** Who and why; not when the write's word for it could not be verified (decisions.md 2). */
function contextOf(headers: Readonly<Record<string, string>>): Pick<TailChange, 'actor' | 'agent' | 'traceparent'> {
  const traceparent = headers[HEADER.traceparent];
  const trace = traceparent === undefined ? {} : { traceparent };
  if (headers[HEADER.verified] === 'false') return trace;
  const actor = headers[HEADER.actor];
  const agent = headers[HEADER.agent];
  return { ...trace, ...(actor === undefined ? {} : { actor }), ...(agent === undefined ? {} : { agent }) };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
