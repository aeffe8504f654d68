import type pg from 'pg';
import { type Change, type ChangePage, changesIn, type LogSpan } from './changes.ts';

/** Newest first. `next`: what the next page is before; undefined where there is nothing older. */
export interface ChangesFound {
  changes: Change[];
  next: string | undefined;
}

/** A table's rows in a part of the log (libs/governance/migrations/0055-audit-blocks.ts). */
interface Block extends LogSpan {
  rows: number;
}

/** Blocks that are asked for at once. */
const AT_ONCE = 64;
/** Rows of the log that are looked at in one go where not every change is wanted, and in all, for one page. */
const ROWS_AT_ONCE = 8_192;
const MOST_ROWS = 65_536;
const LAST_ID = String(2n ** 63n - 1n);

/**
 * A page of a table's changes: first those at the end of the log, of which is not noted yet where they are, then block by block. What other tables' changes there
 * are in between does not matter. Where few of the changes are asked for, a page may end before it is full.
 */
export async function changesOfTable(pool: Pick<pg.ClientBase, 'query'>, adoptedId: number, page: ChangePage): Promise<ChangesFound> {
  const { rows } = await pool.query<{ end: string }>('select e.last_id::text as end from audit.blocks_end e');
  const noted = rows[0]?.end ?? '0';
  const changes = await changesIn(pool, adoptedId, page, [{ first: String(BigInt(noted) + 1n), last: LAST_ID }]);
  const filtered = page.actor !== undefined || page.since !== undefined || page.until !== undefined;
  let looked = 0;
  let before = page.before;
  while (changes.length < page.limit) {
    const found = await blocksBefore(pool, adoptedId, { ...page, before }, noted);
    const blocks = enough(found, filtered ? ROWS_AT_ONCE : page.limit - changes.length);
    const oldest = blocks.at(-1);
    if (!oldest) return { changes, next: undefined };
    changes.push(...(await changesIn(pool, adoptedId, { ...page, limit: page.limit - changes.length }, blocks)));
    before = oldest.first;
    looked += sum(blocks);
    if (looked >= MOST_ROWS && changes.length < page.limit) return { changes, next: before };
  }
  return { changes, next: changes.at(-1)?.id };
}

/** A table's blocks that have rows older than `before`, newest first. */
async function blocksBefore(pool: Pick<pg.ClientBase, 'query'>, adoptedId: number, { before, since, until }: ChangePage, noted: string): Promise<Block[]> {
  const text = `
    select b.first_id::text as first, b.last_id::text as last, b.rows from audit.table_block b
    where b.adopted_id = $1 and b.last_id <= $2 and ($3::bigint is null or b.first_id < $3) and ($4::timestamptz is null or b.last_at >= $4) and ($5::timestamptz is null or b.first_at < $5)
    order by b.first_id desc limit ${AT_ONCE}`;
  return (await pool.query<Block>(text, [adoptedId, noted, before ?? null, since ?? null, until ?? null])).rows;
}

/** As many of the first blocks as have so many rows. */
function enough(blocks: readonly Block[], rows: number): Block[] {
  const taken: Block[] = [];
  for (let total = 0; total < rows && taken.length < blocks.length; total = sum(taken)) taken.push(blocks[taken.length] as Block);
  return taken;
}

function sum(blocks: readonly Block[]): number {
  return blocks.reduce((total, { rows }) => total + rows, 0);
}
