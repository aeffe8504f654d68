import type { RowChange } from '#contracts/http/history';
import type { SchemaEdit } from '#contracts/http/tables';

/** Something that happened to a table. */
export type Happening = { kind: 'change'; change: RowChange } | { kind: 'edit'; edit: SchemaEdit };

export interface Filter {
  actor: string;
  /** Moments as an input of the type datetime-local has them, in the person's own time zone; empty: open. */
  since: string;
  until: string;
}

export const EVERYTHING: Filter = { actor: '', since: '', until: '' };

/** The filter as the API takes it: only what is asked for, times in UTC. */
export function filterQuery({ actor, since, until }: Filter): Record<string, string> {
  const query: Record<string, string> = {};
  if (actor.trim() !== '') query.actor = actor.trim();
  if (instant(since) !== undefined) query.since = instant(since) as string;
  if (instant(until) !== undefined) query.until = instant(until) as string;
  return query;
}

/**
 * Changes of rows and edits of the schema in one list, newest first. `complete`: every change is there; else edits that are older than the oldest change wait
 * for the pages that belong before them.
 */
export function timelineOf(changes: readonly RowChange[], edits: readonly SchemaEdit[], filter: Filter, complete: boolean): Happening[] {
  const oldest = changes.at(-1)?.at;
  const { actor, since, until } = filterQuery(filter);
  const shown = edits.filter(
    (edit) =>
      (actor === undefined || edit.actor === actor) &&
      (since === undefined || momentOf(edit.at) >= momentOf(since)) &&
      (until === undefined || momentOf(edit.at) < momentOf(until)) &&
      (complete || (oldest !== undefined && edit.at >= oldest)),
  );
  const all: Happening[] = [...changes.map((change): Happening => ({ kind: 'change', change })), ...shown.map((edit): Happening => ({ kind: 'edit', edit }))];
  return all.toSorted((a, b) => (atOf(a) < atOf(b) ? 1 : atOf(a) > atOf(b) ? -1 : 0));
}

/** ISO 8601 in UTC with microseconds, from one clock: its text sorts as the time does. */
function atOf(happening: Happening): string {
  return happening.kind === 'change' ? happening.change.at : happening.edit.at;
}

function momentOf(iso: string): number {
  return new Date(iso).getTime();
}

function instant(local: string): string | undefined {
  const date = new Date(local);
  return local === '' || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
