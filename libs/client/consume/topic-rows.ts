import { type EncodedRow } from '#contracts/topics/change-event';
import { rowKey } from '../live-rows.ts';
import type { TopicChange } from './topic-change.ts';

/** The rows of a table, as its topic tells them: large values that an update did not send are kept, and a row whose change was parked is held. */
export class TopicRows<Row> {
  readonly #rows = new Map<string, Row>();
  readonly #held = new Set<string>();

  /** Changes of one table, in order. One without a key is not applied. */
  apply(change: TopicChange<Row>): void {
    if (change.op === 't') return this.#clear();
    if (change.key === null) return;
    const name = rowKey(change.key);
    switch (change.op) {
      case 'c':
      case 'r':
        return this.#put(name, change.after);
      case 'u': {
        const old = this.#rows.get(name);
        // What is held is not a row that an update in part could go on from.
        if (change.unchanged.length > 0 && (old === undefined || this.#held.has(name))) return void this.#held.add(name);
        return this.#put(name, { ...old, ...change.after } as Row);
      }
      case 'd':
        return this.#remove(name);
      case 'p':
        if (change.parked.op === 'd') return this.#remove(name);
        return void this.#held.add(name);
      default:
        return change satisfies never;
    }
  }

  /** The row, if it is there and known. */
  get(key: EncodedRow): Row | undefined {
    const name = rowKey(key);
    return this.#held.has(name) ? undefined : this.#rows.get(name);
  }

  /** Whether the row is another than this topic says. */
  isHeld(key: EncodedRow): boolean {
    return this.#held.has(rowKey(key));
  }

  /** Rows that are known. */
  *values(): Iterable<Row> {
    for (const [name, row] of this.#rows) if (!this.#held.has(name)) yield row;
  }

  #put(name: string, row: Row): void {
    this.#held.delete(name);
    this.#rows.set(name, row);
  }

  #remove(name: string): void {
    this.#held.delete(name);
    this.#rows.delete(name);
  }

  #clear(): void {
    this.#held.clear();
    this.#rows.clear();
  }
}
