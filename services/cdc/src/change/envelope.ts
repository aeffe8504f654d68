import type { Operation } from '#contracts/topics/change-event';
import type { OldTuple } from '#libs/pgoutput/message';
import type { Tuple } from '#libs/pgoutput/tuple';
import { JsonBytes } from './json-bytes.ts';
import type { Relation } from './relation.ts';
import { writeKey, writeRow } from './row.ts';

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

/** What is the same in the `source` of all events of one transaction, as JSON text. */
export interface TransactionSource {
  readonly opening: Buffer;
  readonly sequence: Buffer;
  readonly times: Buffer;
  readonly xid: Buffer;
}

/** A change as its messages tell it. */
export interface Change {
  op: Operation;
  before: Tuple | null;
  after: Tuple | null;
  /** What `after` was before, for values that were not sent. */
  old: OldTuple | null;
}

const BEFORE = Buffer.from('{"before":');
const AFTER = Buffer.from(',"after":');
const SOURCE = Buffer.from(',"source":');
const NULL = Buffer.from('null');
const XMIN = Buffer.from(',"xmin":null}');

/** Writes Debezium's envelope and its key, bytes to bytes. What is constant is encoded once. */
export class EnvelopeWriter {
  readonly #out = new JsonBytes();
  readonly #version: string;
  readonly #database: string;
  #lsn = 0n;
  #lsnDigits = '0';
  #endedOp: Operation = 'c';
  #endedMs = -1;
  #ending = Buffer.alloc(0);

  constructor({ version, topicPrefix, database }: EnvelopeOptions) {
    this.#version = `{"version":${JSON.stringify(version)},"connector":"postgresql","name":${JSON.stringify(topicPrefix)},"ts_ms":`;
    this.#database = `","db":${JSON.stringify(database)},"sequence":"[`;
  }

  transaction({ commitTime, previousCommit, xid }: TransactionFacts): TransactionSource {
    const previous = previousCommit === null ? 'null' : `\\"${previousCommit}\\"`;
    return {
      opening: Buffer.from(`${this.#version}${commitTime / 1000n},"snapshot":"`),
      sequence: Buffer.from(`${this.#database}${previous},\\"`),
      times: Buffer.from(`\\"]","ts_us":${commitTime},"ts_ns":${commitTime * 1000n}`),
      xid: Buffer.from(`,"txId":${xid},"lsn":`),
    };
  }

  /** The key as JSON text; null for a table without one. A value that was not sent is taken from `old` where that has it. */
  key(relation: Relation, tuple: Tuple, old: OldTuple | null = null): Buffer | null {
    if (relation.key.length === 0) return null;
    writeKey(this.#out, relation, tuple, old);
    return this.#out.take();
  }

  /** `nowMs` is when it is handed to the change log. */
  change(relation: Relation, { op, before, after, old }: Change, source: TransactionSource, lsn: bigint, nowMs: number): Buffer {
    const out = this.#out;
    out.raw(BEFORE);
    if (before === null) out.raw(NULL);
    else writeRow(out, relation, before);
    out.raw(AFTER);
    if (after === null) out.raw(NULL);
    else writeRow(out, relation, after, old);
    this.#source(relation, source, lsn, 'false');
    return this.#end(op, nowMs);
  }

  /** A row that was read beside the stream, encoded already: `snapshot` as Debezium has it. */
  read(relation: Relation, after: string, source: TransactionSource, lsn: bigint, nowMs: number): Buffer {
    const out = this.#out;
    out.raw(BEFORE);
    out.raw(NULL);
    out.raw(AFTER);
    out.json(after);
    this.#source(relation, source, lsn, 'incremental');
    return this.#end('r', nowMs);
  }

  /** `source` of a change as JSON text. */
  source(relation: Relation, source: TransactionSource, lsn: bigint): string {
    this.#source(relation, source, lsn, 'false');
    return this.#out.take().subarray(SOURCE.length).toString();
  }

  /** Forgets what was written of something that could not be written to its end. */
  drop(): void {
    this.#out.drop();
  }

  #source(relation: Relation, source: TransactionSource, lsn: bigint, snapshot: 'false' | 'incremental'): void {
    if (lsn !== this.#lsn) {
      this.#lsn = lsn;
      this.#lsnDigits = lsn.toString();
    }
    const out = this.#out;
    out.raw(SOURCE);
    out.raw(source.opening);
    out.json(snapshot);
    out.raw(source.sequence);
    out.json(this.#lsnDigits);
    out.raw(source.times);
    out.raw(relation.sourceLabel);
    out.raw(source.xid);
    out.json(this.#lsnDigits);
    out.raw(XMIN);
  }

  #end(op: Operation, nowMs: number): Buffer {
    if (op !== this.#endedOp || nowMs !== this.#endedMs) {
      this.#endedOp = op;
      this.#endedMs = nowMs;
      this.#ending = Buffer.from(`,"op":"${op}","ts_ms":${nowMs},"transaction":null}`);
    }
    this.#out.raw(this.#ending);
    return this.#out.take();
  }
}
