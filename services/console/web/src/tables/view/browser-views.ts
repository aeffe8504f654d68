import { ApiError } from '../../api/api-error.ts';
import { type TableView, viewOf, viewText } from './table-view.ts';

interface NamedView {
  name: string;
  view: TableView;
}

/**
 * Moves the views that this browser kept, before the server did, to the server; whether there were any. One that is there already is not kept twice; another
 * of the same name gets a name of its own. What the server can't take just now stays in the browser for the next time.
 */
export async function moveBrowserViews(place: string, there: readonly NamedView[], keep: (view: NamedView) => Promise<unknown>): Promise<boolean> {
  const kept = `lakeloop.views.${place}`;
  const views = read(localStorage.getItem(kept));
  if (views.length === 0) return false;
  const names = new Map(there.map(({ name, view }) => [name, viewText(view)]));
  for (const { name, view } of views) {
    if (names.get(name) === viewText(view)) continue;
    const free = freeName(name, names);
    try {
      await keep({ name: free, view });
    } catch (error) {
      // Another tab was faster, or it is none that anybody could keep; an answer that may change is waited for.
      if (!(error instanceof ApiError) || ![400, 409].includes(error.status)) return false;
    }
    names.set(free, viewText(view));
  }
  localStorage.removeItem(kept);
  return true;
}

function freeName(name: string, taken: ReadonlyMap<string, unknown>): string {
  let free = name;
  for (let serial = 2; taken.has(free); serial += 1) free = `${name.slice(0, 74)} (${serial})`;
  return free;
}

function read(text: string | null): NamedView[] {
  try {
    const kept: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(kept) ? kept.filter(isKept).map(({ name, query }) => ({ name, view: viewOf(new URLSearchParams(query)) })) : [];
  } catch {
    return [];
  }
}

function isKept(value: unknown): value is { name: string; query: string } {
  return (
    typeof value === 'object' && value !== null && 'name' in value && 'query' in value && typeof value.name === 'string' && typeof value.query === 'string'
  );
}
