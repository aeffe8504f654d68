import type { TailRecord } from './tail-record.ts';

/**
 * The newest records of a topic, so that a subscriber that comes back soon, or has just read its snapshot, need not read the log again.
 * Bounded by count and bytes of each partition's share.
 */
export class Recent {
  readonly #partitions = new Map<number, Window>();
  readonly #maxRecords: number;
  readonly #maxBytes: number;

  constructor(maxRecords = 4_096, maxBytes = 4 * 1024 * 1024) {
    this.#maxRecords = maxRecords;
    this.#maxBytes = maxBytes;
  }

  /** From here on every record of the partition is told to `add`. */
  startAt(partition: number, offset: bigint): void {
    this.#partitions.set(partition, { from: offset, records: [], bytes: 0 });
  }

  add(record: TailRecord): void {
    const window = this.#partitions.get(record.partition);
    if (!window) return;
    window.records.push(record);
    window.bytes += bytesOf(record);
    if (window.records.length > this.#maxRecords * 2 || window.bytes > this.#maxBytes * 2) this.#shrink(window);
  }

  /** Records of the partition from `offset` on, or undefined when some of them are no longer here. */
  since(partition: number, offset: bigint): readonly TailRecord[] | undefined {
    const window = this.#partitions.get(partition);
    if (!window || offset < window.from) return undefined;
    const index = window.records.findLastIndex((record) => record.offset < offset);
    return window.records.slice(index + 1);
  }

  /** All that is held of a partition, oldest first. */
  held(partition: number): readonly TailRecord[] {
    return this.#partitions.get(partition)?.records ?? [];
  }

  /** Drops the older half at once, rather than one record at a time. */
  #shrink(window: Window): void {
    let keep = window.records.length;
    let bytes = 0;
    while (keep > 0 && window.records.length - keep < this.#maxRecords && bytes + bytesOf(window.records[keep - 1] as TailRecord) <= this.#maxBytes) {
      keep -= 1;
      bytes += bytesOf(window.records[keep] as TailRecord);
    }
    const dropped = window.records.splice(0, keep).at(-1);
    window.bytes = bytes;
    if (dropped) window.from = dropped.offset + 1n;
  }
}

interface Window {
  from: bigint;
  records: TailRecord[];
  bytes: number;
}

function bytesOf(record: TailRecord): number {
  return record.kind === 'change' ? record.bytes : 0;
}
