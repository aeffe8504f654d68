import type { Operation } from '#contracts/topics/change-event';
import type { Relation } from './relation.ts';

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
  /** Commit LSN of the transaction before; null for the first one ever. */
  previousCommitLsn: bigint | null;
  xid: number;
}

/** Writes `source` as JSON text; what is the same for a whole transaction is written once. */
export class SourceWriter {
  readonly #before: string;
  readonly #opening: string;
  readonly #times: string;
  readonly #xid: string;

  constructor({ version, topicPrefix, database }: EnvelopeOptions, { commitTime, previousCommitLsn, xid }: TransactionFacts) {
    const previous = previousCommitLsn === null ? 'null' : `\\"${previousCommitLsn}\\"`;
    this.#before = `{"version":${JSON.stringify(version)},"connector":"postgresql","name":${JSON.stringify(topicPrefix)},"ts_ms":${commitTime / 1000n},"snapshot":"`;
    this.#opening = `","db":${JSON.stringify(database)},"sequence":"[${previous},\\"`;
    this.#times = `\\"]","ts_us":${commitTime},"ts_ns":${commitTime * 1000n}`;
    this.#xid = `,"txId":${xid},"lsn":`;
  }

  /** `snapshot` as Debezium has it: `incremental` for a row that was read beside the stream. */
  write(relation: Relation, lsn: bigint, snapshot: 'false' | 'incremental' = 'false'): string {
    const position = lsn.toString();
    return `${this.#before}${snapshot}${this.#opening}${position}${this.#times}${relation.sourceLabel}${this.#xid}${position},"xmin":null}`;
  }
}

/** Debezium's envelope; `before`, `after` and `source` are JSON text. `nowMs` is when it is handed to the change log. */
export function envelope(op: Operation, before: string, after: string, source: string, nowMs: number): Buffer {
  return Buffer.from(`{"before":${before},"after":${after},"source":${source},"op":"${op}","ts_ms":${nowMs},"transaction":null}`);
}
