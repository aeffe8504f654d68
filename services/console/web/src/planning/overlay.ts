import type { Adjustment } from './adjustment.ts';

/**
 * What this person did and the stream has not told yet, over the rows that it has: shown at once, and gone as soon as the stream holds the
 * same or something newer. `sending` until the server has answered.
 */
export interface Overlay {
  /** By entry id; an entry that is not answered yet has an id of its own (`new:…`). */
  shown: ReadonlyMap<string, { entry: Adjustment; sending: boolean }>;
  /** Entries that were taken away. */
  gone: ReadonlyMap<string, { sending: boolean }>;
}

export const NOTHING: Overlay = { shown: new Map(), gone: new Map() };

export function shows(overlay: Overlay, entries: readonly Adjustment[], sending: boolean): Overlay {
  const shown = new Map(overlay.shown);
  for (const entry of entries) shown.set(entry.id, { entry, sending });
  return { ...overlay, shown };
}

export function hides(overlay: Overlay, ids: readonly string[], sending: boolean): Overlay {
  const gone = new Map(overlay.gone);
  for (const id of ids) gone.set(id, { sending });
  return { ...overlay, gone };
}

/** Takes back what was shown for these ids: it was refused, or stands under its real id now. */
export function drops(overlay: Overlay, ids: readonly string[]): Overlay {
  const shown = new Map(overlay.shown);
  const gone = new Map(overlay.gone);
  for (const id of ids) {
    shown.delete(id);
    gone.delete(id);
  }
  return { shown, gone };
}

/** The stream's rows with the overlay on top. */
export function merged(stream: ReadonlyMap<string, Adjustment>, overlay: Overlay): Map<string, Adjustment> {
  const rows = new Map(stream);
  for (const [id, { entry }] of overlay.shown) rows.set(id, entry);
  for (const id of overlay.gone.keys()) rows.delete(id);
  return rows;
}

/** The overlay without what the stream has caught up with. The same object when nothing is settled. */
export function settled(overlay: Overlay, stream: ReadonlyMap<string, Adjustment>): Overlay {
  const ids = [
    ...[...overlay.shown].filter(([id, { entry, sending }]) => !sending && newer(stream.get(id), entry)).map(([id]) => id),
    ...[...overlay.gone].filter(([id, { sending }]) => !sending && !stream.has(id)).map(([id]) => id),
  ];
  return ids.length === 0 ? overlay : drops(overlay, ids);
}

function newer(row: Adjustment | undefined, shown: Adjustment): boolean {
  return row !== undefined && Date.parse(row.updatedAt) >= Date.parse(shown.updatedAt);
}
