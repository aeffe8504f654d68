import type { StoredRecord } from '../change-log.ts';

/** The newest records of one partition, in memory; contiguous offsets. */
export class Tail {
  #records: StoredRecord[] = [];
  #head = 0;

  push(records: readonly StoredRecord[]): void {
    for (const record of records) this.#records.push(record);
  }

  /** Forgets the `count` oldest. */
  drop(count: number): void {
    this.#head += count;
    if (this.#head < 1_024 || this.#head * 2 < this.#records.length) return;
    this.#records = this.#records.slice(this.#head);
    this.#head = 0;
  }

  /** Up to `limit` records from `offset` on; undefined when they are not (all) in memory. */
  from(offset: number, limit: number): StoredRecord[] | undefined {
    const first = this.#records[this.#head];
    if (first === undefined || offset < Number(first.offset)) return undefined;
    const start = this.#head + offset - Number(first.offset);
    return start >= this.#records.length ? undefined : this.#records.slice(start, start + limit);
  }
}

/** Bounds what all tails hold together; the oldest append goes first, whichever partition it was for. */
export class TailCache {
  readonly #maxBytes: number;
  #held: { tail: Tail; count: number; bytes: number }[] = [];
  #head = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(tail: Tail, records: readonly StoredRecord[], bytes: number): void {
    tail.push(records);
    this.#held.push({ tail, count: records.length, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#maxBytes && this.#head < this.#held.length) this.#evict();
  }

  #evict(): void {
    const oldest = this.#held[this.#head]!;
    oldest.tail.drop(oldest.count);
    this.#bytes -= oldest.bytes;
    this.#head += 1;
    if (this.#head < 4_096) return;
    this.#held = this.#held.slice(this.#head);
    this.#head = 0;
  }
}
