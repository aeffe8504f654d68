import { quoteLiteral } from '#libs/postgres/identifiers';
import { requireKept } from './retention.ts';
import type { UndoSession } from './undo-session.ts';
import { type ImageVersion, unknownChange, type UndoTable, undoTables } from './undo-tables.ts';

/** What is to be undone: one change, all of one request, or all of one trace. */
export type Undoable = { change: string } | { request: string } | { trace: string };

/** The changes that are taken back, as long as the transaction goes on. Names that no table of a user has. */
export const CHANGES = 'pg_temp."lakeloop:undo_change"';
const NAMES = 'id, log_id, adopted_id, version, key, before, after, known';

const CREATE = `create temporary table ${CHANGES} (id bigint not null, log_id bigint not null, adopted_id integer not null, version integer not null,
  key jsonb not null, before text[], after text[], known boolean not null) on commit drop`;

/**
 * Collects the changes of what is to be undone; their images are lists of today's columns. 404 where there are none, or the role reads nothing of a table; 410 where
 * some are deleted because their time was over.
 */
export async function collectChanges(session: UndoSession, what: Undoable): Promise<UndoTable[]> {
  const [condition, value] =
    'change' in what
      ? ['c.id = $1::bigint and c.log_id between $1::bigint - 999 and $1::bigint', what.change]
      : 'request' in what
        ? ['c.request = $1::bigint', what.request]
        : ['c.trace_id = $1', what.trace];
  const select = `select c.id, c.log_id, c.adopted_id, c.schema_version, c.key, c.before, c.after, true from audit.revision c
     where ${condition} and (c.log_key is not null or c.key_hashes is not null)`;
  return collect(session, { select, values: [value], what });
}

/** One row's way back: from what `newest` made it to what `change` made it. `latest`: the newest change that the caller knows of. */
export async function collectWay(session: UndoSession, { change, newest, latest }: { change: string; newest: string; latest: string }): Promise<UndoTable[]> {
  const select = `select c.id, c.log_id, c.adopted_id, c.schema_version, c.key, case when c.id = $1 then c.after else c.before end, c.after, c.id <= $3
     from unnest(array[$1::bigint, $2::bigint]) u(id) join audit.revision c on c.id = u.id and c.log_id between u.id - 999 and u.id
     group by 1, 2, 3, 4, 5, 6, 7`;
  return collect(session, { select, values: [change, newest, latest] });
}

async function collect(session: UndoSession, { select, values, what }: { select: string; values: readonly string[]; what?: Undoable }): Promise<UndoTable[]> {
  const { client, role } = session;
  await client.query(CREATE);
  await client.query(`insert into ${CHANGES} (${NAMES}) ${select}`, [...values]);
  session.run.goOn();
  const { rows } = await client.query<{ adopted_id: number; versions: number[] }>(
    `select adopted_id, array_agg(distinct version) as versions from ${CHANGES} group by 1`,
  );
  if (what) await requireKept(client, what, rows.length > 0);
  if (rows.length === 0) throw unknownChange();
  const tables = await undoTables(
    client,
    role,
    rows.map((row) => row.adopted_id),
  );
  const used = new Set(rows.flatMap(({ versions }) => versions));
  for (const table of tables) for (const version of table.versions) if (used.has(version.id)) await bringUpToDate(session, table, version);
  await client.query(`create index on ${CHANGES} (adopted_id, id); analyze ${CHANGES}`);
  return tables;
}

/** Images of today's columns in their order, and keys by their names of today. */
async function bringUpToDate({ client }: UndoSession, { facts }: UndoTable, { id, places, keyNames }: ImageVersion): Promise<void> {
  if (places !== null)
    await client.query(`update ${CHANGES} set before = audit.aligned(before, $2), after = audit.aligned(after, $2) where version = $1`, [id, places]);
  if (keyNames && keyNames.some((name, index) => name !== facts.key[index]))
    await client.query(`update ${CHANGES} set key = ${respelled('key', keyNames, facts.key)} where version = $1`, [id]);
}

/** SQL: a key with other names for its columns. */
export function respelled(key: string, from: readonly string[], to: readonly string[]): string {
  return `jsonb_build_object(${to.map((name, index) => `${quoteLiteral(name)}, ${key} -> ${quoteLiteral(from[index] ?? '')}`).join(', ')})`;
}
