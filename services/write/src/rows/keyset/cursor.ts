import { hash } from 'node:crypto';
import { ApiError } from '../api-error.ts';
import type { Position } from '../compile/keyset.ts';

/** Longest cursor, characters: it travels in a URL, which servers and proxies bound at 8 KiB and more. */
const LONGEST = 4_000;

/**
 * A position as URL-safe text, sealed to the query it belongs to. The seal is a digest without a secret: it tells a mistake, not an attack. There is nothing
 * to attack: the values are bound as any filter's are, and what may be seen is decided by the role.
 */
export function writeCursor(query: string, position: Position): string {
  const cursor = Buffer.from(JSON.stringify([sealOf(query, position), ...position])).toString('base64url');
  if (cursor.length <= LONGEST) return cursor;
  throw new ApiError(400, 'PGRST134', 'The last row of this page is ordered by a value that is too long for a cursor', {
    hint: 'Order by a shorter column, or by the primary key alone.',
  });
}

/** 400 PGRST134 for what is no cursor, or one of another query. */
export function readCursor(query: string, cursor: string): Position {
  const [seal, ...position] = itemsOf(cursor);
  if (seal !== sealOf(query, position)) throw notOfThisQuery();
  return position;
}

function sealOf(query: string, position: Position): string {
  return hash('sha256', JSON.stringify([query, ...position]), 'base64url').slice(0, 16);
}

function itemsOf(cursor: string): (string | null)[] {
  if (cursor.length > LONGEST || !/^[\w-]+$/.test(cursor)) throw notOfThisQuery();
  try {
    const items = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown;
    if (Array.isArray(items) && items.every(isText)) return items;
  } catch {
    // said below
  }
  throw notOfThisQuery();
}

function isText(item: unknown): item is string | null {
  return item === null || typeof item === 'string';
}

function notOfThisQuery(): ApiError {
  return new ApiError(400, 'PGRST134', 'The cursor does not belong to this query', {
    details: 'A cursor continues the query whose Link header it came in: the same table, filters, order and related tables.',
    hint: 'Follow the link as it is, or leave the cursor out to begin anew.',
  });
}
