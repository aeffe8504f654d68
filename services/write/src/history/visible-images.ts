import type { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import type { Change, Image } from './changes.ts';
import { IMAGE, typedSql, unfitSql } from './image-texts.ts';
import { type HistoryColumn, quoted, type TableFacts } from './table-facts.ts';

/** An image and the types that its columns had. */
export type Typed = Pick<Change, 'types'> & { image: Image };

/**
 * What the caller may see of images of a table's rows: JSON text of each, or null where the table's row-level security hides it. PostgreSQL decides, under
 * the caller's role, on rows made of the images: the same policies, hand-written ones included, as for the table itself. Columns are those that the role may
 * select; one that has been dropped since is shown, as text, to who may select the whole table. A value that today's type can't take is shown as text, and
 * hides its row wherever row-level security applies: a policy might ask for it.
 */
export async function visibleImages(governed: Governed, principal: Principal, facts: TableFacts, images: readonly Typed[]): Promise<(string | null)[]> {
  if (images.length === 0) return [];
  const retyped = facts.columns.filter(({ name, typeName }) => images.some(({ types }) => types[name] !== undefined && types[name] !== typeName));
  const { body } = await governed.read({
    principal,
    statement: statementFor(facts, retyped),
    parameters: [JSON.stringify(images.map(({ image }) => image))],
    separate: true,
  });
  return JSON.parse(body ?? '[]') as (string | null)[];
}

function statementFor({ columns, name, secured, rules, readsAll }: TableFacts, retyped: readonly HistoryColumn[]): string {
  const table = quoteIdentifier(name);
  const text = (column: HistoryColumn): string => `(${IMAGE}.texts ->> ${quoteLiteral(column.name)})`;
  const typed = (column: HistoryColumn): string => `${typedSql(column, text(column), retyped.includes(column))} as ${quoted(column)}`;
  const shown = (column: HistoryColumn): string =>
    retyped.includes(column)
      ? `coalesce(pg_catalog.to_json(${table}.${quoted(column)}), pg_catalog.to_json(${text(column)})) as ${quoted(column)}`
      : `${table}.${quoted(column)}`;
  const dropped = `(select pg_catalog.json_object_agg(d.key, d.value)::text from pg_catalog.jsonb_each(${IMAGE}.texts) d
      where d.key <> all (array[${columns.map((column) => quoteLiteral(column.name)).join(', ')}]::text[]))`;
  return `select coalesce(pg_catalog.json_agg(v.row order by ${IMAGE}.ordinal), '[]')::text, null::bigint, null::bigint, null::jsonb
    from pg_catalog.jsonb_array_elements($1::jsonb) with ordinality ${IMAGE}(texts, ordinal)
    left join lateral (
      select case when x.dropped is null then x.shown else pg_catalog.left(x.shown, -1) || ',' || pg_catalog.substr(x.dropped, 2) end as row
      from (select (select pg_catalog.row_to_json(r)::text from (select ${columns
        .filter(({ readable }) => readable)
        .map(shown)
        .join(', ')}) r) as shown,
              ${readsAll ? dropped : 'null::text'} as dropped
            from (select ${columns.map(typed).join(', ')} offset 0) as ${table}
            where not ${secured} or ((${rules}) and not (${unfitSql(retyped, text)}))) x
    ) v on true`;
}
