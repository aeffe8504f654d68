import { CHANGES } from './undo-changes.ts';
import type { UndoSession } from './undo-session.ts';
import type { UndoTable } from './undo-tables.ts';

/**
 * The rows that are written, each from the last of its changes to what it was before the first of them; a row that ended as it began is none of them. `columns`: numbers of
 * those that are written. `since`: what came behind this change and is none of those that are taken back is somebody else's.
 */
export const ROWS = 'pg_temp."lakeloop:undo_row"';

/** What each row costs beside its values. */
const ROW_BYTES = 512;

const CREATE = `create temporary table ${ROWS} (page integer not null, adopted_id integer not null, action text not null, columns smallint[] not null,
  first bigint not null, last bigint not null, since bigint not null, missed boolean not null default false) on commit drop`;

const SPANS = `select adopted_id, key, min(id) as first, max(id) as last from ${CHANGES} group by adopted_id, key`;

/** Versions and tables are looked up in the lists: joined, they would have the planner think that hardly any row is left. */
const ACTIONS = `
  select s.adopted_id, s.first, s.last, ($4::int[])[array_position($3::int[], s.adopted_id)] as rank,
    ${ROW_BYTES} + coalesce(octet_length(f.before::text), 0) + coalesce(octet_length(l.after::text), 0) as size,
    case when f.before is null then 'delete' when l.after is null then 'insert' else 'update' end as action,
    case when f.before is null then '{}' when l.after is null then v.writable
      else array(select c.number from unnest(v.writable) c(number) where f.before[c.number] is distinct from l.after[c.number]) end as columns
  from span s
  join ${CHANGES} f on f.adopted_id = s.adopted_id and f.id = s.first
  join ${CHANGES} l on l.adopted_id = s.adopted_id and l.id = s.last
  cross join lateral (select ($2::text[])[array_position($1::int[], f.version)]::smallint[] as writable) v
  where f.before is not null or l.after is not null`;

/**
 * Rows of one table, action and list of columns are written together, in pages of so many bytes, last change first. What others refer to comes back first and goes last, so
 * that no reference is broken meanwhile, and nothing is taken along by a cascade before its turn.
 */
const PLAN = `
  with span as (${SPANS}),
  action as materialized (${ACTIONS}),
  ordered as (select a.*, case a.action when 'insert' then a.rank when 'update' then 1000000 else 2000000 - a.rank end as place from action a where a.action <> 'update' or a.columns <> '{}'),
  sized as (select o.*, (sum(o.size) over w - o.size) / $5::bigint as part from ordered o window w as (partition by o.place, o.adopted_id, o.columns order by o.last desc))
  insert into ${ROWS} (page, adopted_id, action, columns, first, last, since)
  select dense_rank() over (order by place, adopted_id, columns, part), adopted_id, action, columns, first, last, coalesce($6::bigint, first) from sized`;

export interface Planned {
  rows: number;
  pages: number;
}

/** `since`: the newest change that the caller knows of, where it is not the first of those that are taken back. */
export async function planRows(session: UndoSession, tables: readonly UndoTable[], since?: string): Promise<Planned> {
  const { client, pageBytes } = session;
  const versions = tables.flatMap((table) => table.versions);
  await client.query(CREATE);
  // The planner takes the spans for few, and would look each change up where a hash takes them all.
  await client.query(`set local enable_nestloop = off`);
  const { rowCount } = await client.query(PLAN, [
    versions.map(({ id }) => id),
    versions.map(({ writable }) => `{${writable.join(',')}}`),
    tables.map(({ facts }) => facts.adoptedId),
    tables.map(({ rank }) => rank),
    pageBytes,
    since ?? null,
  ]);
  await client.query(`set local enable_nestloop = on; create index on ${ROWS} (page); analyze ${ROWS}`);
  const { rows } = await client.query<{ pages: number }>(`select coalesce(max(page), 0)::int as pages from ${ROWS}`);
  return { rows: rowCount ?? 0, pages: rows[0]?.pages ?? 0 };
}
