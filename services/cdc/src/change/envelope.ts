import type { Operation } from '#contracts/topics/change-event';
import type { OldTuple } from '#libs/pgoutput/message';
import type { Tuple } from '#libs/pgoutput/tuple';
import { Digits } from './digits.ts';
import { JsonBytes } from './json-bytes.ts';
import type { Relation } from './relation.ts';
import { writeColumns, writeRow } from './row.ts';

/** Constants of one service's envelopes. */
export interface EnvelopeOptions {
  /** Version of this software, as `source.version`. */
  version: string;
  topicPrefix: string;
  database: string;
}

export interface TransactionFacts {
  /** µs since the epoch. */
  commitTime: bigint;
  /** End of the transaction before, as Debezium has it; null for the first one ever. */
  previousCommit: bigint | null;
  xid: number;
}

/** What is the same in the `source` of all events of one transaction, as pieces of JSON text. */
export interface TransactionSource {
  readonly opening: string;
  readonly sequence: string;
  readonly times: string;
  readonly xid: string;
}

/** `snapshot` as Debezium has it: `incremental` for a row that was read beside the stream. */
type SnapshotKind = 'false' | 'incremental';

/** A change as its messages tell it. */
export interface Change {
  op: Operation;
  before: Tuple | null;
  after: Tuple | null;
  /** What `after` was before, for values that were not sent. */
  old: OldTuple | null;
  /** Its place in the transaction, JSON text. */
  place?: string;
}

const BEFORE = Buffer.from('{"before":');
const AFTER = Buffer.from(',"after":');
const NONE_BEFORE = Buffer.from('{"before":null,"after":');
const NULL = Buffer.from('null');
const SOURCE_LABEL = ',"source":';
const XMIN = ',"xmin":null}';

/** All that `source` tells of a table. */
type Labelled = Pick<Relation, 'sourceLabel'>;

/** Writes Debezium's envelope and its key, bytes to bytes. What is constant is encoded once. */
export class EnvelopeWriter {
  readonly #out = new JsonBytes();
  readonly #digits = new Digits();
  readonly #version: string;
  readonly #database: string;
  /** Of the last event, whose neighbours mostly are of the same transaction and table. */
  #source: TransactionSource | null = null;
  #snapshot: SnapshotKind | null = null;
  #relation: Labelled | null = null;
  #digitsWidth = 0;
  /** The position stands in it twice, and is written over. */
  #sourceText = Buffer.alloc(0);
  #lsnAt = 0;
  #lsnAgainAt = 0;
  #endedOp: Operation = 'c';
  #endedMs = -1;
  #ending = Buffer.alloc(0);

  constructor({ version, topicPrefix, database }: EnvelopeOptions) {
    this.#version = `${SOURCE_LABEL}{"version":${JSON.stringify(version)},"connector":"postgresql","name":${JSON.stringify(topicPrefix)},"ts_ms":`;
    this.#database = `","db":${JSON.stringify(database)},"sequence":"[`;
  }

  transaction({ commitTime, previousCommit, xid }: TransactionFacts): TransactionSource {
    const previous = previousCommit === null ? 'null' : `\\"${previousCommit}\\"`;
    return {
      opening: `${this.#version}${commitTime / 1000n},"snapshot":"`,
      sequence: `${this.#database}${previous},\\"`,
      times: `\\"]","ts_us":${commitTime},"ts_ns":${commitTime * 1000n}`,
      xid: `,"txId":${xid},"lsn":`,
    };
  }

  /** As `JsonBytes.release`, of a key or value that was made here. */
  release(bytes: Buffer): boolean {
    return this.#out.release(bytes);
  }

  /** The key as JSON text; null for a table without one. A value that was not sent is taken from `old` where that has it. */
  key(relation: Relation, tuple: Tuple, old: OldTuple | null = null): Buffer | null {
    if (relation.key.length === 0) return null;
    this.#out.drop();
    writeColumns(this.#out, relation, relation.key, tuple, old);
    return this.#out.take();
  }

  /** What tells the row from others as JSON text, whatever the record's key is; null for a table without. */
  identity(relation: Relation, tuple: Tuple, old: OldTuple | null = null): string | null {
    if (relation.identity.length === 0) return null;
    this.#out.drop();
    writeColumns(this.#out, relation, relation.identity, tuple, old);
    return this.#out.text();
  }

  /** `nowMs` is when it is handed to the change log. */
  change(relation: Relation, { op, before, after, old, place }: Change, source: TransactionSource, lsn: bigint, nowMs: number): Buffer {
    const out = this.#out;
    out.drop();
    if (before === null) out.raw(NONE_BEFORE);
    else {
      out.raw(BEFORE);
      writeRow(out, relation, before);
      out.raw(AFTER);
    }
    if (after === null) out.raw(NULL);
    else writeRow(out, relation, after, old);
    this.#writeSource(relation, source, lsn, 'false');
    if (place === undefined) return this.#end(op, nowMs);
    out.json(`${XMIN},"op":"${op}","ts_ms":${nowMs},"transaction":${place}}`);
    return out.take();
  }

  /** A row that was read beside the stream, encoded already. */
  read(relation: Relation, after: string, source: TransactionSource, lsn: bigint, nowMs: number): Buffer {
    const out = this.#out;
    out.drop();
    out.raw(NONE_BEFORE);
    out.json(after);
    this.#writeSource(relation, source, lsn, 'incremental');
    return this.#end('r', nowMs);
  }

  /** `source` of a change as JSON text. */
  source(relation: Labelled, source: TransactionSource, lsn: bigint, snapshot: SnapshotKind = 'false'): string {
    this.#out.drop();
    this.#writeSource(relation, source, lsn, snapshot);
    this.#out.json(XMIN);
    return this.#out.text().slice(SOURCE_LABEL.length);
  }

  /** All of it but `xmin`, its last field. */
  #writeSource(relation: Labelled, source: TransactionSource, lsn: bigint, snapshot: SnapshotKind): void {
    const { bytes, start, end } = this.#digits.set(lsn);
    if (source !== this.#source || relation !== this.#relation || snapshot !== this.#snapshot || end - start !== this.#digitsWidth)
      this.#prepareSource(relation, source, snapshot, end - start);
    const text = this.#sourceText;
    for (let index = start, at = this.#lsnAt, again = this.#lsnAgainAt; index < end; index += 1, at += 1, again += 1)
      text[at] = text[again] = bytes[index] as number;
    this.#out.raw(text);
  }

  #prepareSource(relation: Labelled, source: TransactionSource, snapshot: SnapshotKind, width: number): void {
    this.#source = source;
    this.#relation = relation;
    this.#snapshot = snapshot;
    this.#digitsWidth = width;
    const opening = source.opening + snapshot + source.sequence;
    const closing = source.times + relation.sourceLabel + source.xid;
    const room = '0'.repeat(width);
    this.#sourceText = Buffer.from(opening + room + closing + room);
    this.#lsnAt = Buffer.byteLength(opening);
    this.#lsnAgainAt = this.#sourceText.length - width;
  }

  #end(op: Operation, nowMs: number): Buffer {
    if (op !== this.#endedOp || nowMs !== this.#endedMs) {
      this.#endedOp = op;
      this.#endedMs = nowMs;
      this.#ending = Buffer.from(`${XMIN},"op":"${op}","ts_ms":${nowMs},"transaction":null}`);
    }
    this.#out.raw(this.#ending);
    return this.#out.take();
  }
}
