import { utcText } from '#libs/postgres/utc-text';
import { CHANGES, respelled } from './undo-changes.ts';
import { ROWS } from './undo-plan.ts';
import type { UndoSession } from './undo-session.ts';
import type { UndoTable } from './undo-tables.ts';

export interface ForeignChange {
  adoptedId: number;
  /** JSON text. */
  key: string;
  id: string;
  actor: string;
  at: string;
}

export interface Conflicts {
  /** Rows that somebody changed since. */
  count: number;
  /** The newest foreign change of each of the first of them. */
  listed: readonly ForeignChange[];
}

/** Rows and conflicts that a report lists. */
export const MOST_LISTED = 100;
/** Of so many rows, batches are looked for by the hashes of their keys; of more, all batches of their tables since are looked through. */
const FEW = 100;
/** Looking one row up costs as much as passing over so many rows of the log. */
const LOOK_UP = 10;
/** Ids that a row of the log takes. */
const IDS = 1_000;

/** What others did to the tables since. */
const FOREIGN = 'pg_temp."lakeloop:undo_foreign"';

/** Not of those that are taken back, nor of this transaction. */
const OTHERS = `c.xid is distinct from pg_current_xact_id_if_assigned() and not exists (select from ${CHANGES} k where k.known and k.log_id = c.log_id)`;

const LISTED = `
  newest as (select distinct on (adopted_id, shown) * from found order by adopted_id, shown, id desc)
  select count(*) over ()::int as count, n.adopted_id as "adoptedId", n.shown::text as key, n.id::text, n.actor, ${utcText('n.at')} as at
  from newest n order by n.id limit ${MOST_LISTED}`;

type Found = ForeignChange & { count: number };

/**
 * Rows of the plan that were changed by anything but what is taken back, after the first of it; changes of the transaction that asks do not count. Asked after a row was written in the
 * same transaction, the answer is final: the row is locked.
 */
export async function foreignChanges(session: UndoSession, tables: readonly UndoTable[], rows: number): Promise<Conflicts> {
  const { client } = session;
  const { rows: log } = await client.query<{ since: string; length: number }>(
    `select coalesce(min(r.since), 0)::text as since, coalesce(((select last_id from audit.checkpoint order by id desc limit 1) - min(r.since)) / ${IDS}, 0)::float8 as length from ${ROWS} r`,
  );
  const { since, length } = log[0] ?? { since: '0', length: 0 };
  const found = rows <= FEW || rows * LOOK_UP < length ? await rowByRow(session, tables, rows) : await allSince(session, tables, since);
  return { count: found[0]?.count ?? 0, listed: found };
}

/** Each row's key is looked up in the log. */
async function rowByRow({ client }: UndoSession, tables: readonly UndoTable[], rows: number): Promise<Found[]> {
  const some = rows <= FEW ? 'c.log_id = any ((select audit.batches_of((select array_agg(s.hash) from span s)))::bigint[]) and' : '';
  const found = 's.adopted_id, s.shown, c.id, c.actor, c.at from span s join';
  // The key of an entry in a batch is made when it is asked for: of those alone whose hash is the right one.
  const { rows: listed } = await client.query<Found>(`
    with spelled as (${spelledSql(tables)}),
    span as materialized (select s.*, audit.key_hash(s.key) as hash from spelled s),
    oldest as (select min(since) as id from span),
    found as (
      select ${found} audit.change c on c.key_hashes is null and c.log_key = s.key and c.adopted_id = s.adopted_id and c.id > s.since
      where c.log_id > (select id from oldest) and ${OTHERS}
      union all
      select ${found} audit.change c on c.key_hashes is not null and c.key_hash = s.hash and (c.key = s.key) is true and c.adopted_id = s.adopted_id and c.id > s.since
      where ${some} c.log_id > (select id - ${IDS} from oldest) and ${OTHERS}),
    ${LISTED}`);
  return listed;
}

/** The log is read since the oldest of the changes: what others did is little beside so many rows, or nothing. */
async function allSince({ client }: UndoSession, tables: readonly UndoTable[], since: string): Promise<Found[]> {
  await client.query(
    `create temporary table if not exists ${FOREIGN} (adopted_id integer not null, id bigint not null, key jsonb not null, actor text, at timestamptz) on commit drop`,
  );
  const { rowCount } = await client.query(
    `insert into ${FOREIGN} select c.adopted_id, c.id, c.key, c.actor, c.at from audit.change c
     where c.log_id > $2::bigint - ${IDS} and c.id > $2 and c.adopted_id = any ($1) and (c.log_key is not null or c.key_hashes is not null) and ${OTHERS}`,
    [tables.map(({ facts }) => facts.adoptedId), since],
  );
  if (rowCount === 0) return [];
  await client.query(`analyze ${FOREIGN}`);
  const { rows } = await client.query<Found>(`
    with spelled as (${spelledSql(tables)}),
    found as (select s.adopted_id, s.shown, c.id, c.actor, c.at from spelled s join ${FOREIGN} c on c.adopted_id = s.adopted_id and c.key = s.key and c.id > s.since),
    ${LISTED}`);
  await client.query(`truncate ${FOREIGN}`);
  return rows;
}

/** Each row's key, as it is shown, and as any version of its table spells it. */
function spelledSql(tables: readonly UndoTable[]): string {
  const from = `from ${ROWS} r join ${CHANGES} c on c.adopted_id = r.adopted_id and c.id = r.first`;
  const others = tables.flatMap(({ facts, versions }) => {
    const spellings = new Map(versions.flatMap(({ keyNames }) => (keyNames ? [[JSON.stringify(keyNames), keyNames]] : [])));
    spellings.delete(JSON.stringify(facts.key));
    return [...spellings.values()].map(
      (names) => `union all select r.adopted_id, r.since, c.key, ${respelled('c.key', facts.key, names)} ${from} where r.adopted_id = ${facts.adoptedId}`,
    );
  });
  return [`select r.adopted_id, r.since, c.key as shown, c.key ${from}`, ...others].join('\n');
}
