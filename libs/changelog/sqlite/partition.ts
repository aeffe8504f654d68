import type { StoredRecord } from '../change-log.ts';
import { Tail } from './tail-cache.ts';

/** What the main thread knows of one partition: bounds, the newest records, and who waits for more. */
export class Partition {
  readonly topic: string;
  readonly number: number;
  readonly id: number;
  readonly compact: boolean;
  readonly tail = new Tail();
  earliest: number;
  next: number;
  readonly #waiting = new Set<() => void>();

  constructor(place: { topic: string; number: number; compact: boolean }, start: { id: number; earliest: number; next: number }) {
    this.topic = place.topic;
    this.number = place.number;
    this.compact = place.compact;
    this.id = start.id;
    this.earliest = start.earliest;
    this.next = start.next;
  }

  /** A durable append has made these readable. */
  advance(records: readonly StoredRecord[]): void {
    this.next = Number(records.at(-1)!.offset) + 1;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Calls `wake` once, after the next append. Returns what takes that back. */
  onAppend(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => void this.#waiting.delete(wake);
  }
}
