import { ApiError } from './api-error.ts';
import type { RowQuery } from './query/row-query.ts';

/** Which rows of the result are asked for. */
export interface RowRange {
  offset: number;
  /** Null: no end. */
  limit: number | null;
}

/** `limit` and `offset`, narrowed by the `Range` header (`0-24`, `10-`; GET and HEAD) and by the server's most rows. */
export function resolveRange(query: RowRange, header: string | undefined, maxRows: number | undefined): RowRange {
  const fromHeader = parseRangeHeader(header);
  const offset = Math.max(query.offset, fromHeader.offset);
  const ends = [end(query), end(fromHeader)].filter((value) => value !== null);
  const limits = ends.map((value) => Math.max(0, value - offset));
  if (maxRows !== undefined) limits.push(maxRows);
  return { offset, limit: limits.length === 0 ? null : Math.min(...limits) };
}

/** The server's most rows bound each embedded list too. */
export function limitEmbeds(query: RowQuery, maxRows: number | undefined): RowQuery {
  if (maxRows === undefined || query.embeds.length === 0) return query;
  const bounded = (inner: RowQuery): RowQuery => limitEmbeds({ ...inner, limit: Math.min(inner.limit ?? maxRows, maxRows) }, maxRows);
  return { ...query, embeds: query.embeds.map((embed) => ({ ...embed, query: bounded(embed.query) })) };
}

/** The first row past the range. */
function end({ offset, limit }: RowRange): number | null {
  return limit === null ? null : offset + limit;
}

function parseRangeHeader(header: string | undefined): RowRange {
  const match = /^\s*(?:items\s*=\s*)?(\d{1,15})-(\d{0,15})\s*$/.exec(header ?? '');
  if (!match) return { offset: 0, limit: null };
  const [first, last] = [Number(match[1]), match[2] === '' ? null : Number(match[2])];
  if (last !== null && last < first)
    throw new ApiError(416, 'PGRST103', 'Requested range not satisfiable', {
      details: 'The lower boundary must be lower than or equal to the upper boundary in the Range header.',
    });
  return { offset: first, limit: last === null ? null : last - first + 1 };
}

/** `Content-Range`: `0-24/3573458`, `0-24/*`, and `*` for no rows. */
export function contentRange(offset: number, rows: number, total: number | null): string {
  const range = rows === 0 ? '*' : `${offset}-${offset + rows - 1}`;
  return `${range}/${total ?? '*'}`;
}

/** Rows that a `Content-Range` tells of: `0-24/*` are 25. */
export function rowsIn(range: string): number {
  const match = /^(\d+)-(\d+)\//.exec(range);
  return match ? Number(match[2]) - Number(match[1]) + 1 : 0;
}

/** 200 when the answer is all there is (or the total is unknown), 206 when it is a part; 416 for a start beyond the end. */
export function rangeStatus(offset: number, rows: number, total: number | null): 200 | 206 {
  if (total === null) return 200;
  if (offset > total)
    throw new ApiError(416, 'PGRST103', 'Requested range not satisfiable', {
      details: `An offset of ${offset} was requested, but there are only ${total} rows.`,
      headers: { 'content-range': `*/${total}` },
    });
  return rows < total ? 206 : 200;
}
