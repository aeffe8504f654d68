import { quoteIdentifier } from '#libs/postgres/identifiers';
import { IMAGE, type TextOf, typedSql, unfitSql } from './image-texts.ts';
import { quoted } from './table-facts.ts';
import { CHANGES } from './undo-changes.ts';
import type { UndoSession } from './undo-session.ts';
import { unknownChange, type UndoTable } from './undo-tables.ts';

/** Changes whose images are looked at together, at most. */
const MOST_CHANGES = 2_000;

/**
 * Whether the caller may see all of the changes, by the policies of their tables: PostgreSQL decides, under the caller's role, on rows made of the images (./visible-images.ts). 404 if not.
 * Images come from the plan and go back as they are: the role gets no right to what is in the plan.
 */
export async function requireSight(session: UndoSession, tables: readonly UndoTable[]): Promise<void> {
  for (const table of tables) {
    await session.asCaller();
    const { rows } = await session.client.query<{ secured: boolean }>(`select ${table.facts.secured} as secured`);
    if (rows[0]?.secured) await requireSightOf(session, table);
    await session.asLogin();
  }
}

async function requireSightOf(session: UndoSession, table: UndoTable): Promise<void> {
  const { client, run, pageBytes } = session;
  const page = imagesSql(table);
  const check = hiddenSql(table);
  let last = '0';
  for (;;) {
    run.goOn();
    await session.asLogin();
    const found = await client.query<string[]>({ text: page, values: [table.facts.adoptedId, last, pageBytes], rowMode: 'array' });
    const [next, ...images] = found.rows[0] as [string | null, ...string[]];
    if (next === null) return;
    last = next;
    await session.asCaller();
    const { rows } = await client.query<{ hidden: boolean }>(check, images);
    if (rows[0]?.hidden) throw unknownChange();
  }
}

/** The next images of a table: the last change's id, and a list of texts for each column. */
function imagesSql({ facts: { columns } }: UndoTable): string {
  const size = `coalesce(octet_length(before::text), 0) + coalesce(octet_length(after::text), 0)`;
  return `select max(x.id)::text, ${columns.map((_, index) => `array_agg(x.image[${index + 1}])::text`).join(', ')}
    from (select c.id, i.image
      from (select n.*, sum(n.size) over (order by n.id) - n.size as ahead
        from (select id, before, after, ${size} as size from ${CHANGES} where adopted_id = $1 and id > $2 order by id limit ${MOST_CHANGES}) n) c
      cross join lateral (values (c.before), (c.after)) i(image)
      where c.ahead < $3::bigint and i.image is not null) x`;
}

/** Whether any of a list of images is of a row that the role may not see. */
function hiddenSql({ facts: { columns, name, rules }, versions }: UndoTable): string {
  const places = new Set(versions.flatMap((version) => version.retyped));
  const retyped = columns.filter((_, index) => places.has(index + 1));
  const text: TextOf = (column) => `${IMAGE}.v${columns.indexOf(column) + 1}`;
  const typed = columns.map((column) => `${typedSql(column, text(column), retyped.includes(column))} as ${quoted(column)}`);
  return `select exists (
    select from unnest(${columns.map((_, index) => `$${index + 1}::text[]`).join(', ')}) ${IMAGE}(${columns.map((_, index) => `v${index + 1}`).join(', ')})
    cross join lateral (select ${typed.join(', ')} offset 0) as ${quoteIdentifier(name)}
    where ((${rules}) and not (${unfitSql(retyped, text)})) is not true) as hidden`;
}
