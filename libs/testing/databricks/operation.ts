import { randomBytes, randomUUID } from 'node:crypto';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { LakeValue } from '#libs/lakehouse/lake-type';
import { ArrowEncoding } from './arrow-encoding.ts';
import type { Executor } from './executor.ts';
import type { ResultSet } from './result-set.ts';
import { fromDuckDb, SqlError } from './sql-error.ts';
import type { Parameter } from './translate.ts';

export type OperationState = 'running' | 'finished' | 'failed' | 'canceled' | 'timed-out';

export interface Batch {
  bytes: Buffer;
  rows: number;
}

/** Handles are UUIDs in binary. */
export function guid(): Buffer {
  return Buffer.from(randomUUID().replaceAll('-', ''), 'hex');
}

/** A statement in the warehouse: it runs by itself, is asked how far it is, gives its rows in pieces, and can be cancelled. */
export class Operation {
  readonly id = guid();
  readonly secret = randomBytes(16);
  readonly sql: string;
  readonly settled: Promise<void>;
  state: OperationState = 'running';
  error: SqlError | undefined;
  staging = false;
  encoding: ArrowEncoding | undefined;
  columns: ResultSet['columns'] = [];
  more = false;
  #chunks: ResultSet['chunks'] | undefined;
  #pending: LakeValue[][] = [];
  #connection: DuckDBConnection | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(executor: Executor, sql: string, parameters: ReadonlyMap<string, Parameter>, timeoutMs: number | undefined) {
    this.sql = sql;
    this.settled = this.#run(executor, parameters);
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.#stop('timed-out'), timeoutMs);
  }

  async #run(executor: Executor, parameters: ReadonlyMap<string, Parameter>): Promise<void> {
    try {
      this.#connection = await executor.connect();
      const result = await executor.execute(this.#connection, this.sql, parameters);
      if (this.state !== 'running') return;
      this.columns = result.columns;
      this.staging = result.staging ?? false;
      this.encoding = new ArrowEncoding(result.columns);
      this.#chunks = result.chunks;
      await this.#fill();
      if (this.state === 'running') this.state = 'finished';
    } catch (error) {
      if (this.state !== 'running') return;
      this.state = 'failed';
      this.error = fromDuckDb(error);
    } finally {
      clearTimeout(this.#timer);
    }
  }

  /** The next rows, at most so many; the first of the next piece are looked at, so `more` is certain. */
  async fetch(maxRows: number): Promise<Batch> {
    const rows = this.#pending.slice(0, maxRows);
    this.#pending = this.#pending.slice(rows.length);
    if (this.#pending.length === 0) await this.#fill();
    return { bytes: rows.length === 0 || !this.encoding ? Buffer.alloc(0) : this.encoding.batch(rows), rows: rows.length };
  }

  async #fill(): Promise<void> {
    try {
      while (this.#pending.length === 0) {
        const next = await this.#chunks?.next();
        if (!next || next.done) break;
        this.#pending = next.value;
      }
    } catch (error) {
      if (this.state !== 'running' && this.state !== 'finished') return;
      throw fromDuckDb(error);
    }
    this.more = this.#pending.length > 0;
  }

  cancel(): void {
    this.#stop('canceled');
  }

  #stop(state: OperationState): void {
    if (this.state === 'running' || (this.state === 'finished' && this.more)) this.state = state;
    this.more = false;
    this.#connection?.interrupt();
  }

  async close(): Promise<void> {
    this.#stop('canceled');
    await this.settled;
    await this.#chunks?.return?.();
    this.#connection?.closeSync();
    this.#connection = undefined;
  }
}
