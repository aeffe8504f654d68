import { formatEventId } from '#contracts/topics/event-id';
import type { Operation } from '#contracts/topics/change-event';
import { HEADER } from '#contracts/topics/headers';
import { Failure } from '#libs/failure/failure';
import type { Lsn } from '#libs/pgoutput/lsn';
import type { BeginMessage, DeleteMessage, InsertMessage, LogicalMessage, Message, OldTuple, TruncateMessage, UpdateMessage } from '#libs/pgoutput/message';
import type { Tuple } from '#libs/pgoutput/tuple';
import type { ChangeRecord } from './change-record.ts';
import type { CloudEvents } from './cloud-events.ts';
import { contextHeaders } from './context-headers.ts';
import { type Change, type EnvelopeOptions, EnvelopeWriter, type TransactionSource } from './envelope.ts';
import { parseWatermark, WATERMARK_PREFIX, type Windows } from './windows.ts';
import type { Position } from './position.ts';
import { type Relation, sourceLabel } from './relation.ts';
import { parkedRecords } from './parked.ts';
import { parkRow, type RowMessage, type SkippedValues, tooLarge, type Why } from './park-row.ts';
import { expectWidth, keyChanged, onlyRewritten } from './row.ts';
import { schemaRecord } from './schema-record.ts';
import { type Place, SCHEMA_PREFIX, type SchemaChange, type SchemaLog } from './schema-log.ts';
import { type SignalRow, signalRow } from './signal.ts';
import { TransactionMetadata } from './transaction-metadata.ts';

export interface AssemblerOptions {
  systemId: string;
  timeline: number;
  envelope: EnvelopeOptions;
  /** Prefix of the message that carries a write's context. */
  contextPrefix: string;
  /** Where changes go that can't be published. */
  deadLetterTopic: string;
  /** Topic of the begin and end of transactions; null where they are not told, nor the place of an event in its transaction. */
  transactionTopic?: string | null;
  /** Headers of CloudEvents, where they are asked for. */
  cloudEvents?: CloudEvents | null;
  /** Told of what is inserted into the signal table. */
  onSignal?: (row: SignalRow) => void;
  /** What is out already: none of it is made into records again. */
  from: Position;
  /** Chunks of snapshots that are being read beside the stream. */
  windows: Windows;
  /** Relations by oid, as announced so far. */
  relations: Map<number, Relation>;
  /** What was told of the tables' schemas, and where more is told. */
  schemas: SchemaLog;
  schemaTopic: string;
  slot: string;
  now: () => number;
}

const TRUNCATE: Change = { op: 't', before: null, after: null, old: null };

/** Most changes have none, and cost no copy of it. */
const NO_CONTEXT: Readonly<Record<string, string>> = {};

/** Marks a transaction that is out already. */
const ALL = Number.POSITIVE_INFINITY;

interface Transaction {
  xid: number;
  commitLsn: Lsn;
  commitTime: bigint;
  source: TransactionSource;
  /** Where the change at hand was logged. */
  lsn: Lsn;
  /** Event id up to its ordinal. */
  idPrefix: string;
  /** Change messages seen. */
  changes: number;
  /** Of these, out before this session began. */
  skip: number;
  /** Ordinal of the next event. */
  ordinal: number;
  context: Readonly<Record<string, string>>;
  metadata: TransactionMetadata | null;
}

/** What an event has beside its rows. */
interface EventFacts {
  headers: Readonly<Record<string, string>>;
  /** `transaction` of the envelope, JSON text. */
  place: string | null;
}

/**
 * Makes change records of the messages of committed transactions, in order, and says how far it is. Pure: no clock, socket or log of its own.
 *
 * An event's ordinal is its message's index in the transaction. Two messages make several events, which need ids of their own: a
 * truncate counts once for each table, an update of the key twice.
 */
export class TransactionAssembler {
  readonly #options: AssemblerOptions;
  readonly #writer: EnvelopeWriter;
  #position: Position;
  #transaction: Transaction | null = null;

  constructor(options: AssemblerOptions) {
    this.#options = options;
    this.#writer = new EnvelopeWriter(options.envelope);
    this.#position = options.from;
  }

  /** How far everything handed in so far reaches. */
  get position(): Position {
    if (!this.#transaction || this.#transaction.skip === ALL) return this.#position;
    const { commitLsn, changes, skip } = this.#transaction;
    return { ...this.#position, open: { commitLsn, changes: Math.max(changes, skip) } };
  }

  /** Of the transaction that is open. */
  get xid(): number | null {
    return this.#transaction?.xid ?? null;
  }

  /** The server has sent all that committed before `serverEnd`. */
  advance(serverEnd: Lsn): void {
    if (this.#transaction === null && serverEnd > this.#position.end) this.#position = { ...this.#position, end: serverEnd };
  }

  /** The log has taken these records, and with them all before: their bytes are written again. */
  release(records: readonly Pick<ChangeRecord, 'key' | 'value'>[]): void {
    for (let index = records.length - 1; index >= 0; index -= 1) {
      const { key, value } = records[index] as ChangeRecord;
      if ((value !== null && this.#writer.release(value)) || (key !== null && this.#writer.release(key))) return;
    }
  }

  /**
   * Appends the records that `message`, logged at `lsn`, stands for; of a change whose row could not be read whole or written, what parks it.
   * Throws a `protocol-violation` Failure on one that is out of place.
   */
  accept(message: Message, lsn: Lsn, out: ChangeRecord[], skipped?: SkippedValues): void {
    switch (message.type) {
      case 'begin':
        return this.#begin(message);
      case 'commit':
        return this.#commit(message.commitLsn, message.endLsn, out);
      case 'insert':
      case 'update':
      case 'delete':
      case 'truncate':
        return this.#change(message, lsn, out, skipped);
      case 'message':
        return this.#message(message, out);
      case 'relation':
        return this.#describe(this.#relation(message.oid), lsn, out);
      case 'type':
      case 'origin':
        return;
      case 'stream-start':
      case 'stream-stop':
      case 'stream-commit':
      case 'stream-abort':
        throw new Failure('protocol-violation', `message ${message.type} although streaming of open transactions was not asked for`);
      default:
        return message satisfies never;
    }
  }

  #begin(message: BeginMessage): void {
    if (this.#transaction) throw new Failure('protocol-violation', 'a transaction began inside another');
    const { systemId, timeline } = this.#options;
    const { end, lastCommit, open } = this.#position;
    const { commitLsn, commitTime, xid } = message;
    const skip = commitLsn < end ? ALL : open?.commitLsn === commitLsn ? open.changes : 0;
    const source = this.#writer.transaction({ commitTime, previousCommit: lastCommit, xid });
    const idPrefix = formatEventId({ systemId, timeline, commitLsn, ordinal: 0 }).slice(0, -1);
    this.#options.windows.committed(xid, commitLsn);
    const topic = this.#options.transactionTopic ?? null;
    const metadata = topic === null || skip === ALL ? null : new TransactionMetadata(topic, { xid, commitLsn, commitTime });
    this.#transaction = { xid, commitLsn, commitTime, source, lsn: commitLsn, idPrefix, changes: 0, skip, ordinal: 0, context: NO_CONTEXT, metadata };
  }

  #message({ transactional, prefix, content }: LogicalMessage, out: ChangeRecord[]): void {
    if (!transactional) return;
    if (prefix === this.#options.contextPrefix) this.#open('message').context = contextHeaders(content);
    else if (prefix === WATERMARK_PREFIX) this.#watermark(content, out);
    else if (prefix === SCHEMA_PREFIX) this.#announced(content.toString('utf8'), out);
  }

  /** The table is known by now as it was when the mark was written. */
  #announced(content: string, out: ChangeRecord[]): void {
    const announcement = this.#options.schemas.take(content);
    const { commitLsn } = this.#open('message');
    if (announcement?.kind === 'gone') this.#tell((place) => this.#options.schemas.drop(announcement.oid, place), commitLsn, out);
    if (announcement?.kind !== 'described') return;
    const { relation } = announcement;
    this.#describe(relation, commitLsn, out);
    // The server does not announce another key: only where it describes the rows as before is this all there is to know.
    const { relations } = this.#options;
    if (relations.get(relation.description.oid)?.rowSignature === relation.rowSignature) relations.set(relation.description.oid, relation);
  }

  #describe({ published, description }: Relation, lsn: Lsn, out: ChangeRecord[]): void {
    if (published) this.#tell((place) => this.#options.schemas.describe(description, place), lsn, out);
  }

  /** Schema changes come before the events that follow them, and have no ordinal of their own. */
  #tell(find: (place: Place) => SchemaChange[], lsn: Lsn, out: ChangeRecord[]): void {
    const { systemId, schemaTopic: topic, slot, envelope, now } = this.#options;
    const { commitLsn, ordinal, source, idPrefix } = this.#open('relation');
    const facts = { topic, slot, database: envelope.database, id: idPrefix + ordinal, nowMs: now() };
    for (const change of find({ systemId, commitLsn, ordinal })) {
      const { schema, table } = change.table;
      out.push(schemaRecord(change, { ...facts, source: this.#writer.source({ sourceLabel: sourceLabel(schema, table) }, source, lsn) }));
    }
  }

  /** At a chunk's high mark its rows are published, as reads of this moment. */
  #watermark(content: Buffer, out: ChangeRecord[]): void {
    const { windows } = this.#options;
    const transaction = this.#open('message');
    const mark = parseWatermark(content);
    if (mark?.edge === 'low') windows.low(mark.id, transaction.commitLsn);
    const chunk = mark?.edge === 'high' ? windows.high(mark.id) : null;
    if (!chunk) return;
    const { relation } = chunk;
    this.#describe(relation, transaction.commitLsn, out);
    const now = this.#options.now();
    for (const { key: text, after, parked } of chunk.rows) {
      const headers = this.#headers(transaction, relation, parked ? 'p' : 'r');
      const value = this.#writer.read(relation, after, transaction.source, transaction.commitLsn, now);
      const record = { topic: relation.topic, key: text === null ? null : Buffer.from(text), value, headers };
      if (!parked) out.push(record);
      else {
        const source = this.#writer.source(relation, transaction.source, transaction.commitLsn, 'incremental');
        const why = tooLarge({ bytes: parked.bytes, left: { old: 0, new: parked.left } });
        out.push(...parkedRecords(this.#options.deadLetterTopic, { ...record, op: 'r', source, ...why }, now));
      }
    }
    chunk.settle();
  }

  #commit(commitLsn: Lsn, endLsn: Lsn, out: ChangeRecord[]): void {
    const transaction = this.#open('commit');
    if (transaction.commitLsn !== commitLsn) throw new Failure('protocol-violation', 'a commit of another transaction than the one that began');
    this.#transaction = null;
    if (transaction.skip === ALL) return;
    const end = transaction.metadata?.end();
    if (end) out.push(end);
    this.#position = { end: endLsn, lastCommit: endLsn, open: null };
  }

  #change(message: RowMessage | TruncateMessage, lsn: Lsn, out: ChangeRecord[], skipped: SkippedValues | undefined): void {
    const transaction = this.#open(message.type);
    transaction.lsn = lsn;
    transaction.changes += 1;
    // What is skipped is counted all the same: the ordinals after it stay what they were.
    const wanted = transaction.changes > transaction.skip;
    if (message.type === 'truncate') {
      for (const oid of message.relationOids) this.#options.windows.spoil(oid, 'the table was truncated');
      for (const oid of message.relationOids) this.#truncate(transaction, this.#relation(oid), wanted, out);
      return;
    }
    const relation = this.#relation(message.relationOid);
    if (message.type !== 'insert' && message.old) expectWidth(relation, message.old.tuple);
    if (message.type !== 'delete') expectWidth(relation, message.new);
    if (skipped) this.#options.windows.spoil(message.relationOid, 'a row of it was too large');
    // A chunk that has such a row has it as it is.
    else if (message.type === 'update' && onlyRewritten(relation, message.old, message.new)) return void (transaction.ordinal += 1);
    if (this.#options.windows.active) this.#touch(message, relation);
    if (wanted && relation.signals && message.type === 'insert') this.#signal(relation, message);
    const target = wanted && relation.published ? out : null;
    if (skipped && skipped.left.new > 0) this.#park(transaction, relation, message, target, tooLarge(skipped));
    else this.#row(transaction, relation, message, target);
  }

  /** What can't be written is parked: a record can hold up no other. */
  #row(transaction: Transaction, relation: Relation, message: RowMessage, out: ChangeRecord[] | null): void {
    const ordinal = transaction.ordinal;
    const length = out?.length ?? 0;
    const mark = transaction.metadata?.mark();
    try {
      if (message.type === 'insert') this.#insert(transaction, relation, message, out);
      else if (message.type === 'update') this.#update(transaction, relation, message, out);
      else this.#delete(transaction, relation, message, out);
    } catch (error) {
      if (error instanceof Failure) throw error;
      transaction.ordinal = ordinal;
      if (mark) transaction.metadata?.restore(mark);
      if (out) out.length = length;
      this.#park(transaction, relation, message, out, { reason: 'unencodable', bytes: null, message: `a value could not be written: ${String(error)}` });
    }
  }

  #park(transaction: Transaction, relation: Relation, message: RowMessage, out: ChangeRecord[] | null, why: Why): void {
    const { source, lsn } = transaction;
    const place = { writer: this.#writer, deadLetterTopic: this.#options.deadLetterTopic, relation, source, lsn, now: this.#options.now() };
    const records = parkRow({ ...place, nextHeaders: () => this.#event(transaction, relation, 'p', out).headers }, message, why);
    out?.push(...records);
  }

  /** Whatever is read of this row in a window that is open is older than this change. */
  #touch(message: RowMessage, relation: Relation): void {
    const { windows } = this.#options;
    if (!windows.isOpen(message.relationOid)) return;
    if (message.type !== 'delete')
      windows.touch(message.relationOid, this.#writer.identity(relation, message.new, message.type === 'update' ? message.old : null));
    if (message.type !== 'insert' && message.old) windows.touch(message.relationOid, this.#writer.identity(relation, message.old.tuple));
  }

  #insert(transaction: Transaction, relation: Relation, message: InsertMessage, out: ChangeRecord[] | null): void {
    const facts = this.#event(transaction, relation, 'c', out);
    if (!out) return;
    const key = this.#writer.key(relation, message.new);
    out.push(this.#record(transaction, relation, { op: 'c', before: null, after: message.new, old: null }, key, facts));
  }

  #update(transaction: Transaction, relation: Relation, { old, new: after }: UpdateMessage, out: ChangeRecord[] | null): void {
    if (old && keyChanged(relation, old.tuple, after)) return this.#moveKey(transaction, relation, old, after, out);
    const facts = this.#event(transaction, relation, 'u', out);
    if (!out) return;
    const before = old?.kind === 'full' ? old.tuple : null;
    out.push(this.#record(transaction, relation, { op: 'u', before, after, old }, this.#writer.key(relation, after, old), facts));
  }

  /** An update of the key is a delete, its tombstone and a create. */
  #moveKey(transaction: Transaction, relation: Relation, old: OldTuple, after: Tuple, out: ChangeRecord[] | null): void {
    const deleted = this.#event(transaction, relation, 'd', out);
    const created = this.#event(transaction, relation, 'c', out);
    if (!out) return;
    const [oldKey, newKey] = [this.#writer.key(relation, old.tuple), this.#writer.key(relation, after, old)];
    const [from, to] = [
      { ...created, headers: { ...created.headers, [HEADER.oldKey]: String(oldKey) } },
      { ...deleted, headers: { ...deleted.headers, [HEADER.newKey]: String(newKey) } },
    ];
    out.push(this.#record(transaction, relation, { op: 'd', before: old.tuple, after: null, old: null }, oldKey, to));
    out.push({ topic: relation.topic, key: oldKey, value: null, headers: to.headers });
    out.push(this.#record(transaction, relation, { op: 'c', before: null, after, old }, newKey, from));
  }

  #delete(transaction: Transaction, relation: Relation, message: DeleteMessage, out: ChangeRecord[] | null): void {
    const facts = this.#event(transaction, relation, 'd', out);
    if (!out) return;
    const key = this.#writer.key(relation, message.old.tuple);
    out.push(this.#record(transaction, relation, { op: 'd', before: message.old.tuple, after: null, old: null }, key, facts));
    if (key !== null) out.push({ topic: relation.topic, key, value: null, headers: facts.headers });
  }

  #truncate(transaction: Transaction, relation: Relation, wanted: boolean, out: ChangeRecord[]): void {
    const target = wanted && relation.published ? out : null;
    const facts = this.#event(transaction, relation, 't', target);
    target?.push(this.#record(transaction, relation, TRUNCATE, null, facts));
  }

  #record(transaction: Transaction, relation: Relation, change: Change, key: Buffer | null, facts: EventFacts): ChangeRecord {
    const value = this.#writer.change(
      relation,
      facts.place === null ? change : { ...change, place: facts.place },
      transaction.source,
      transaction.lsn,
      this.#options.now(),
    );
    return { topic: relation.topic, key, value, headers: facts.headers };
  }

  /** Takes the next ordinal, and the next place in the transaction. `out`: null for an event that is not to be published. */
  #event(transaction: Transaction, relation: Relation, op: Operation | 'p', out: ChangeRecord[] | null): EventFacts {
    const place = relation.published && transaction.metadata ? transaction.metadata.next(relation, out) : null;
    return { headers: this.#headers(transaction, relation, op), place };
  }

  /** Takes the next ordinal. */
  #headers(transaction: Transaction, relation: Relation, op: Operation | 'p'): Record<string, string> {
    const id = transaction.idPrefix + transaction.ordinal;
    transaction.ordinal += 1;
    const cloud = this.#options.cloudEvents;
    if (!cloud && transaction.context === NO_CONTEXT) return { [HEADER.id]: id };
    if (!cloud) return { [HEADER.id]: id, ...transaction.context };
    return { [HEADER.id]: id, ...transaction.context, ...cloud.headers(id, op, relation, transaction.commitTime) };
  }

  #signal(relation: Relation, { new: tuple }: InsertMessage): void {
    const row = signalRow(relation, tuple);
    if (row) this.#options.onSignal?.(row);
  }

  #open(what: string): Transaction {
    if (!this.#transaction) throw new Failure('protocol-violation', `message ${what} outside a transaction`);
    return this.#transaction;
  }

  #relation(oid: number): Relation {
    const relation = this.#options.relations.get(oid);
    if (!relation) throw new Failure('protocol-violation', `a change of relation ${oid}, which was not announced`);
    return relation;
  }
}
