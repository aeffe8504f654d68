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

/**
 * Rows of the plan that were changed by anything but what is taken back, after the first of it; changes of the transaction that asks do not count. Asked after a row was written in the
 * same transaction, the answer is final: the row is locked.
 */
export async function foreignChanges({ client }: UndoSession, tables: readonly UndoTable[], rows: number): Promise<Conflicts> {
  const some = rows <= FEW ? 'c.log_id = any (audit.batches_of((select array_agg(s.hash) from span s))) and' : '';
  const found = 's.adopted_id, s.shown, c.id, c.actor, c.at from span s join';
  const foreign = `c.xid is distinct from pg_current_xact_id_if_assigned() and not exists (select from ${CHANGES} k where k.known and k.log_id = c.log_id)`;
  // The key of an entry in a batch is made when it is asked for: of those alone whose hash is the right one.
  const text = `
    with spelled as (${spelledSql(tables)}),
    span as materialized (select s.*, audit.key_hash(s.key) as hash from spelled s),
    oldest as (select min(since) as id from span),
    found as (
      select ${found} audit.change c on c.key_hashes is null and c.log_key = s.key and c.adopted_id = s.adopted_id and c.id > s.since
      where c.log_id > (select id from oldest) and ${foreign}
      union all
      select ${found} audit.change c on c.key_hashes is not null and c.key_hash = s.hash and (c.key = s.key) is true and c.adopted_id = s.adopted_id and c.id > s.since
      where ${some} c.log_id > (select id - 1000 from oldest) and ${foreign}),
    newest as (select distinct on (adopted_id, shown) * from found order by adopted_id, shown, id desc)
    select count(*) over ()::int as count, n.adopted_id as "adoptedId", n.shown::text as key, n.id::text, n.actor, ${utcText('n.at')} as at
    from newest n order by n.id limit ${MOST_LISTED}`;
  const { rows: listed } = await client.query<ForeignChange & { count: number }>(text);
  return { count: listed[0]?.count ?? 0, listed };
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
