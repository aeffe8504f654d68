import { useState } from 'react';

/** A view with a name: its part of the address. */
export interface SavedView {
  name: string;
  query: string;
}

/** The views that a person has named for a table, kept by this browser. */
export function useSavedViews(
  subject: string,
  table: string,
): { views: readonly SavedView[]; save: (view: SavedView) => void; remove: (name: string) => void } {
  const place = `lakeloop.views.${subject}.${table}`;
  const [views, setViews] = useState(() => read(place));
  const put = (next: readonly SavedView[]): void => {
    localStorage.setItem(place, JSON.stringify(next));
    setViews(next);
  };
  return {
    views,
    save: (view) => put([...views.filter(({ name }) => name !== view.name), view].toSorted((a, b) => a.name.localeCompare(b.name))),
    remove: (name) => put(views.filter((view) => view.name !== name)),
  };
}

function read(place: string): readonly SavedView[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(place) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isView) : [];
  } catch {
    return [];
  }
}

function isView(value: unknown): value is SavedView {
  return (
    typeof value === 'object' && value !== null && 'name' in value && 'query' in value && typeof value.name === 'string' && typeof value.query === 'string'
  );
}
