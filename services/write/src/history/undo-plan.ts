import type { Change, Image, RowSpan } from './changes.ts';
import type { TableFacts } from './table-facts.ts';

/** What has to happen to one row. */
export interface RowAction extends RowSpan {
  action: 'insert' | 'update' | 'delete';
  /** The row as it shall be; for a delete, as it was last. */
  image: Image;
  /** The row as it was last; null when it is not there. */
  now: Image | null;
  /** Columns that are written. */
  columns: readonly string[];
}

/**
 * The actions that take changes of some tables back: for each row, from the last of its changes to what it was before the first of them. In the order in
 * which they have to be done, last change first, so that what refers to a row goes before it and comes back after it. Rows that ended as they began need none.
 */
export function planUndo(changes: readonly Change[], tables: ReadonlyMap<number, TableFacts>): RowAction[] {
  const rows = Map.groupBy(changes, ({ adoptedId, key }) => `${adoptedId} ${key}`);
  return [...rows.values()]
    .map((each) => actionTo(each[0]?.before ?? null, each, tables))
    .filter((action) => action !== undefined)
    .sort((a, b) => (BigInt(a.last) < BigInt(b.last) ? 1 : -1));
}

/** The action that brings a row, whose newest changes are `changes` (oldest first), to an image; undefined when it is there already. */
export function actionTo(target: Image | null, changes: readonly Change[], tables: ReadonlyMap<number, TableFacts>): RowAction | undefined {
  const [first, last] = [changes[0], changes.at(-1)];
  if (!first?.key || !last) return undefined;
  const facts = tables.get(first.adoptedId) as TableFacts;
  const now = last.after;
  const span = { adoptedId: first.adoptedId, key: first.key, first: first.id, last: last.id, now };
  const writable = facts.columns.filter(({ generated, name }) => !generated && target !== null && name in target).map(({ name }) => name);
  if (target === null) return now === null ? undefined : { ...span, action: 'delete', image: now, columns: [] };
  if (now === null) return { ...span, action: 'insert', image: target, columns: writable };
  const columns = writable.filter((name) => target[name] !== now[name]);
  return columns.length === 0 ? undefined : { ...span, action: 'update', image: target, columns };
}

/** Actions that one statement can do: consecutive ones of one kind on the same table and columns, at most `most`. */
export function batches(actions: readonly RowAction[], most: number): RowAction[][] {
  const result: RowAction[][] = [];
  let kind = '';
  for (const each of actions) {
    const same = JSON.stringify([each.adoptedId, each.action, each.columns]);
    const current = result.at(-1);
    if (current && same === kind && current.length < most) current.push(each);
    else result.push([each]);
    kind = same;
  }
  return result;
}
