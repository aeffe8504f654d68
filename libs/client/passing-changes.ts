import type { StreamedChange } from '#contracts/http/change-stream';
import { compareEventIds, type EventId, parseEventId } from '#contracts/topics/event-id';
import { origin, type RowChange, rowKey } from './live-rows.ts';

/** Keys whose last event is remembered, against a late repetition. */
const MAX_REMEMBERED = 10_000;

/** The changes of a subscription that holds no rows. Per key a change counts only when it is newer than the last one told. */
export class PassingChanges<Row> {
  /** Always empty: nothing is held. */
  readonly rows: ReadonlyMap<string, Row> = new Map();
  readonly #versions = new Map<string, EventId>();

  /** What a snapshot would have told is not known. */
  replace(): RowChange<Row>[] {
    this.#versions.clear();
    return [];
  }

  /** The change, or undefined when it, or a newer one of its key, was told before. */
  apply(change: StreamedChange): RowChange<Row> | undefined {
    const { op, key, after, id } = change;
    if (key !== null && !this.#isNew(rowKey(key), parseEventId(id))) return undefined;
    return { op, key, after: after as Row | null, before: undefined, ...origin(change) };
  }

  /** Moves the key to the end, so that what is forgotten first is what changed longest ago. */
  #isNew(name: string, id: EventId): boolean {
    const version = this.#versions.get(name);
    if (version !== undefined && compareEventIds(id, version) <= 0) return false;
    this.#versions.delete(name);
    this.#versions.set(name, id);
    const [oldest] = this.#versions.keys();
    if (this.#versions.size > MAX_REMEMBERED && oldest !== undefined) this.#versions.delete(oldest);
    return true;
  }
}
