import type pg from 'pg';
import type { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import { type Change, type ChangePage, changesOfRow, type Image } from './changes.ts';
import { type ChangesFound, changesOfTable } from './table-changes.ts';
import type { TableFacts } from './table-facts.ts';
import { visibleImages } from './visible-images.ts';

/** A change with what the caller may see of it: JSON text of each image, null where there is none or it is hidden. */
export interface SeenChange {
  change: Change;
  before: string | null;
  after: string | null;
}

export interface HistoryQuery extends ChangePage {
  /** JSON text of a primary key; undefined: of all rows. */
  key: string | undefined;
}

export interface HistoryStand {
  pool: pg.Pool;
  governed: Governed;
}

/**
 * A page of a table's or row's history for a caller, newest first. `next`: `before` of the next page; undefined at the end. A page can be short, or empty, where
 * changes are hidden, or where few of many are asked for.
 */
export async function historyOf(
  { pool, governed }: HistoryStand,
  principal: Principal,
  facts: TableFacts,
  { key, ...page }: HistoryQuery,
): Promise<{ changes: SeenChange[]; next: string | undefined }> {
  const { changes, next } = key === undefined ? await changesOfTable(pool, facts.adoptedId, page) : await pageOfRow(pool, facts, key, page);
  return { changes: (await seen(governed, principal, facts, changes)).filter(isSeen), next };
}

async function pageOfRow(pool: pg.Pool, { adoptedId }: TableFacts, key: string, page: ChangePage): Promise<ChangesFound> {
  const changes = await changesOfRow(pool, adoptedId, key, page);
  return { changes, next: changes.length === page.limit ? changes.at(-1)?.id : undefined };
}

/** What the caller may see of changes of one table, in their order. */
export async function seen(governed: Governed, principal: Principal, facts: TableFacts, changes: readonly Change[]): Promise<SeenChange[]> {
  const images = changes.flatMap(({ before, after, types }) => [before, after].filter((image) => image !== null).map((image) => ({ image, types })));
  const visible = (await visibleImages(governed, principal, facts, images)).values();
  const next = (image: Image | null): string | null => (image === null ? null : (visible.next().value ?? null));
  return changes.map((change) => ({ change, before: next(change.before), after: next(change.after) }));
}

/** Whether anything of a change may be seen; that a table was emptied may be known to whoever reads it. */
export function isSeen({ change, before, after }: SeenChange): boolean {
  return before !== null || after !== null || change.key === null;
}

/** The columns that a change changed, of those that the caller may see; none where an image is hidden. */
export function changedColumns(facts: TableFacts, { change, before, after }: SeenChange): string[] {
  const hidden = (change.before !== null && before === null) || (change.after !== null && after === null);
  if (hidden || !change.before || !change.after) return [];
  return facts.columns.filter(({ name, readable }) => readable && change.before?.[name] !== change.after?.[name]).map(({ name }) => name);
}

/** A seen change as `rowChange` of contracts/http/history.ts, as JSON text: images keep every digit. */
export function changeJson(facts: TableFacts, seenChange: SeenChange): string {
  const { change, before, after } = seenChange;
  const { id, at, operation, actor, role, request, traceId, verified } = change;
  const said = (name: string): unknown => change.context?.[name] ?? null;
  const head = { id, at, operation, actor, agent: said('agent'), onBehalfOf: said('onBehalfOf'), role, reason: said('reason'), flow: said('flow') };
  const tail = { requestId: said('requestId'), traceId, request, verified, changed: changedColumns(facts, seenChange) };
  const members = JSON.stringify({ ...head, ...tail }).slice(1, -1);
  return `{${members},"key":${change.key ?? 'null'},"before":${before ?? 'null'},"after":${after ?? 'null'}}`;
}
