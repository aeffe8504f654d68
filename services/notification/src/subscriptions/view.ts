import type { StreamedChange } from '#contracts/http/change-stream';
import { type EncodedRow, UNAVAILABLE_VALUE } from '#contracts/topics/change-event';
import type { TailChange } from '../tail/tail-record.ts';

/** Whether a row passes; null (SQL's unknown) does not. Given whole rows, hidden columns included. */
export type RowFilter = (row: EncodedRow) => boolean | null;

/** What a class of subscribers sees of a table. */
export interface View {
  /** Names of the columns delivered. */
  columns: readonly string[];
  /** Names of the key columns. */
  key: readonly string[];
  /** All must pass. Empty: every row is seen. */
  filters: readonly RowFilter[];
  /** Columns that the filters read. */
  filtered: readonly string[];
}

/**
 * A change as the class sees it; undefined: it does not concern it. `gap`: it can't be told whether it does, because the record
 * lacks the old row or a value that a filter needs. Then only a fresh snapshot helps.
 */
export function see(change: TailChange, view: View): StreamedChange | 'gap' | undefined {
  if (change.op === 't') return { op: 't', key: null, after: null, ...common(change) };
  if (!hasKey(change.key, view.key)) return 'gap';
  const after = change.after && filled(change.after, change.before);
  if (view.filters.length === 0) return shown(change.op, change, after, view);
  const was = change.op === 'c' ? false : passes(change.before, view);
  const is = change.op === 'd' ? false : passes(after, view);
  if (is === 'gap' || (was === 'gap' && !is)) return 'gap';
  if (is) return shown(was === true ? 'u' : 'c', change, after, view);
  return was ? shown('d', change, null, view) : undefined;
}

/** A record from before the table's key was another. */
function hasKey(key: EncodedRow | null, columns: readonly string[]): boolean {
  return key !== null && Object.keys(key).length === columns.length && columns.every((column) => key[column] !== undefined);
}

function passes(row: EncodedRow | null, view: View): boolean | 'gap' {
  if (row === null) return 'gap';
  if (view.filtered.some((column) => row[column] === undefined || row[column] === UNAVAILABLE_VALUE)) return 'gap';
  return view.filters.every((filter) => filter(row) === true);
}

/** A value that the update did not touch and that the record does not repeat is taken from the old row; absent there too, it stays as the subscriber has it. */
function filled(after: EncodedRow, before: EncodedRow | null): EncodedRow {
  const untouched = Object.keys(after).filter((column) => after[column] === UNAVAILABLE_VALUE);
  if (untouched.length === 0) return after;
  const row = { ...after };
  for (const column of untouched) {
    const old = before?.[column];
    if (old === undefined) delete row[column];
    else row[column] = old;
  }
  return row;
}

function shown(op: 'c' | 'u' | 'd', change: TailChange, after: EncodedRow | null, view: View): StreamedChange {
  return { op, key: change.key, after: op === 'd' || after === null ? null : projected(after, view.columns), ...common(change) };
}

function projected(row: EncodedRow, columns: readonly string[]): EncodedRow {
  const seen: EncodedRow = {};
  for (const column of columns) {
    const value = row[column];
    if (value !== undefined) seen[column] = value;
  }
  return seen;
}

function common({ idText, committedMs, actor, agent, traceparent }: TailChange): Omit<StreamedChange, 'op' | 'key' | 'after'> {
  return {
    id: idText,
    ts_ms: committedMs,
    ...(actor === undefined ? {} : { actor }),
    ...(agent === undefined ? {} : { agent }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
