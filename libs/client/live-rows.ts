import type { StreamedChange } from '#contracts/http/change-stream';
import type { EncodedRow } from '#contracts/topics/change-event';
import { compareEventIds, type EventId, parseEventId } from '#contracts/topics/event-id';
import type { JsonValue } from '#contracts/topics/json';

/** What happened to a row, as the holder of the rows sees it. */
export interface RowChange<Row> {
  /** c: it is there now, u: it is another now, d: it is gone, t: all rows that were there are gone. */
  op: 'c' | 'u' | 'd' | 't';
  /** Key columns; null for `t`. */
  key: EncodedRow | null;
  /** The row now; null for `d` and `t`. */
  after: Row | null;
  /** The row before, if it was here. */
  before: Row | undefined;
  /** `change`: as it happened. `snapshot`: found out by comparing with a fresh snapshot after the stream could not be resumed. */
  source: 'change' | 'snapshot';
  /** Event id, commit time (ms since the epoch), who and in which trace; of a `change`. */
  id?: string;
  ts_ms?: number;
  actor?: string;
  agent?: string;
  traceparent?: string;
}

/** Deleted keys whose last event is remembered, against a late repetition. */
const MAX_GRAVES = 10_000;

/**
 * The rows of a subscription: a snapshot and the changes since. Per key, a change counts only when its event is newer than the one that the
 * row stands at, so that whatever is repeated shows nothing twice and nothing goes back in time.
 */
export class LiveRows<Row> {
  /** By `rowKey`. The same map for the subscription's whole life. */
  readonly rows = new Map<string, Row>();
  readonly #versions = new Map<string, EventId>();
  #truncated: EventId | undefined;
  #loaded = false;

  /** Puts a snapshot in the rows' place; what differs, unless it is the first. Rows hold their key's columns, named by `key`. */
  replace(snapshot: readonly EncodedRow[], key: readonly string[]): RowChange<Row>[] {
    const fresh = new Map(snapshot.map((row) => [rowKey(pick(row, key)), row]));
    const changes: RowChange<Row>[] = [];
    for (const [name, before] of this.rows) {
      if (fresh.has(name)) continue;
      this.rows.delete(name);
      changes.push({ op: 'd', key: pick(before as EncodedRow, key), after: null, before, source: 'snapshot' });
    }
    for (const [name, row] of fresh) {
      const before = this.rows.get(name);
      if (before !== undefined && sameRow(before as EncodedRow, row)) continue;
      this.rows.set(name, row as Row);
      changes.push({ op: before === undefined ? 'c' : 'u', key: pick(row, key), after: row as Row, before, source: 'snapshot' });
    }
    this.#versions.clear();
    this.#truncated = undefined;
    const first = !this.#loaded;
    this.#loaded = true;
    return first ? [] : changes;
  }

  /** Applies a change; what it does to the rows, or undefined when it was here before or does nothing. Throws `TypeError` for an event of another database cluster. */
  apply(change: StreamedChange): RowChange<Row> | undefined {
    const id = parseEventId(change.id);
    if (change.op === 't') return this.#truncate(change, id);
    if (change.key === null) return undefined;
    const name = rowKey(change.key);
    const version = this.#versions.get(name);
    if (version !== undefined && compareEventIds(id, version) <= 0) return undefined;
    if (this.#truncated !== undefined && compareEventIds(id, this.#truncated) <= 0) return undefined;
    this.#remember(name, id);
    const before = this.rows.get(name);
    if (change.op === 'd' || change.after === null) return this.#remove(name, before, change);
    const after = (change.op === 'u' && before !== undefined ? { ...before, ...change.after } : change.after) as Row;
    this.rows.set(name, after);
    return { op: before === undefined ? 'c' : 'u', key: change.key, after, before, ...origin(change) };
  }

  #remove(name: string, before: Row | undefined, change: StreamedChange): RowChange<Row> | undefined {
    if (before === undefined) return undefined;
    this.rows.delete(name);
    return { op: 'd', key: change.key, after: null, before, ...origin(change) };
  }

  #truncate(change: StreamedChange, id: EventId): RowChange<Row> | undefined {
    if (this.#truncated !== undefined && compareEventIds(id, this.#truncated) <= 0) return undefined;
    this.#truncated = id;
    for (const name of this.rows.keys()) {
      const version = this.#versions.get(name);
      if (version === undefined || compareEventIds(version, id) < 0) this.rows.delete(name);
    }
    return { op: 't', key: null, after: null, before: undefined, ...origin(change) };
  }

  /** Moves the key to the end, so that what is forgotten first is what changed longest ago. */
  #remember(name: string, id: EventId): void {
    this.#versions.delete(name);
    this.#versions.set(name, id);
    if (this.#versions.size - this.rows.size <= MAX_GRAVES) return;
    for (const oldest of this.#versions.keys()) {
      if (this.rows.has(oldest)) continue;
      this.#versions.delete(oldest);
      return;
    }
  }
}

/** Name of a row in `rows`: its key's value as text; of a key of several columns, the JSON of their values by column name. */
export function rowKey(key: EncodedRow): string {
  const values = Object.keys(key)
    .toSorted()
    .map((column) => key[column] ?? null);
  const [only] = values;
  return values.length === 1 && (typeof only === 'string' || typeof only === 'number' || typeof only === 'bigint') ? String(only) : text(values);
}

function pick(row: EncodedRow, columns: readonly string[]): EncodedRow {
  return Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
}

/** What a change says of itself, beside its row. */
export function origin({
  id,
  ts_ms,
  actor,
  agent,
  traceparent,
}: StreamedChange): Pick<RowChange<never>, 'source' | 'id' | 'ts_ms' | 'actor' | 'agent' | 'traceparent'> {
  return {
    source: 'change',
    id,
    ts_ms,
    ...(actor === undefined ? {} : { actor }),
    ...(agent === undefined ? {} : { agent }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

function sameRow(a: EncodedRow, b: EncodedRow): boolean {
  const columns = Object.keys(b);
  return Object.keys(a).length === columns.length && columns.every((column) => a[column] === b[column] || text(a[column]) === text(b[column]));
}

/** Only to compare: big integers as tagged text. */
function text(value: JsonValue | undefined): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item)) ?? 'undefined';
}
