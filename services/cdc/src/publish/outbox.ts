import type { LogRecord } from '#libs/changelog/change-log';
import type { Position } from '../change/position.ts';

/** A place in the queue: once `upTo` records are out, `position` is durable. */
export interface Mark {
  upTo: number;
  position: Position;
  /** Commit time of the last transaction of it, µs since the epoch; null when nothing was committed. */
  commitTime: bigint | null;
}

/** With `barrier`, what follows is appended once this is durable: topics have no order between them. */
export type OutboxRecord = LogRecord & { barrier?: true };

/** Most of one append: the broker's default limit of a batch is 1 MB. */
const BATCH_RECORDS = 2_000;
export const BATCH_BYTES = 800_000;

/** Records waiting to be appended, and the positions reached with them. Pure bookkeeping. */
export class Outbox {
  readonly #records: OutboxRecord[] = [];
  /** Of each of them. */
  readonly #sizes: number[] = [];
  #marks: Mark[] = [];
  #bytes = 0;
  #added = 0;
  #settled = 0;

  /** Records ever added, and ever settled. */
  get added(): number {
    return this.#added;
  }

  get settled(): number {
    return this.#settled;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#records.length;
  }

  add(records: readonly OutboxRecord[], position: Position, commitTime: bigint | null): void {
    for (let index = 0; index < records.length; index += 1) {
      const record = records[index] as OutboxRecord;
      const size = sizeOf(record);
      this.#records.push(record);
      this.#sizes.push(size);
      this.#bytes += size;
    }
    this.#added += records.length;
    const last = this.#marks.at(-1);
    if (last?.upTo === this.#added) this.#marks.pop();
    this.#marks.push({ upTo: this.#added, position, commitTime: commitTime ?? (last?.upTo === this.#added ? last.commitTime : null) });
  }

  /** The next batch, in order; a record over the limit goes alone, and one with a barrier is the last. Call `settle` with its length once it is durable. */
  take(): LogRecord[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#records.length && count < BATCH_RECORDS) {
      const size = this.#sizes[count] as number;
      if (bytes + size > BATCH_BYTES && count > 0) break;
      bytes += size;
      count += 1;
      if (this.#records[count - 1]?.barrier) break;
    }
    this.#bytes -= bytes;
    this.#sizes.splice(0, count);
    return this.#records.splice(0, count);
  }

  /** `count` more records are durable: the newest mark that this reaches, null when it reaches none. */
  settle(count: number): Mark | null {
    this.#settled += count;
    let reached: Mark | null = null;
    let commitTime: bigint | null = null;
    while (this.#marks[0] && this.#marks[0].upTo <= this.#settled) {
      reached = this.#marks.shift() as Mark;
      commitTime = reached.commitTime ?? commitTime;
    }
    return reached && { ...reached, commitTime };
  }
}

/** Roughly what a record takes on the wire. */
function sizeOf(record: LogRecord): number {
  let size = 64 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const name in record.headers) size += name.length + (record.headers[name]?.length ?? 0);
  return size;
}
