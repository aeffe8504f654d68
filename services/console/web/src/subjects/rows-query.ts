import type { FlowDescription } from '#contracts/http/flows';

export const PAGE_SIZE = 100;

export interface RowsView {
  /** 0-based. */
  page: number;
  sort: { column: string; descending: boolean };
  search: string;
}

/** A page of subject rows in PostgREST's dialect: only columns the person may read, ties broken by the key. */
export function rowsQuery(flow: FlowDescription, view: RowsView): URLSearchParams {
  const { columns, key } = flow.subject;
  const direction = view.sort.descending ? 'desc' : 'asc';
  const order = view.sort.column === key.column ? `${key.column}.${direction}` : `${view.sort.column}.${direction}.nullslast,${key.column}.${direction}`;
  const query = new URLSearchParams({
    select: columns.map(({ name }) => name).join(','),
    order,
    limit: String(PAGE_SIZE),
    offset: String(view.page * PAGE_SIZE),
  });
  const either = searched(flow, view.search.trim());
  if (either.length > 0) query.set('or', `(${either.join(',')})`);
  return query;
}

/** The text in any text column; a whole number also as the key. */
function searched(flow: FlowDescription, text: string): string[] {
  if (text === '') return [];
  const { columns, key } = flow.subject;
  const pattern = `"*${text.replaceAll(/["\\]/g, (character) => `\\${character}`)}*"`;
  const inText = columns.filter(({ type }) => /^(text|character varying|varchar)/.test(type)).map(({ name }) => `${name}.ilike.${pattern}`);
  const isKey = /^(bigint|integer)$/.test(key.type) && /^\d{1,18}$/.test(text);
  return isKey ? [...inText, `${key.column}.eq.${text}`] : inText;
}
