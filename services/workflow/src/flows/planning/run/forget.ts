import type pg from 'pg';
import { INTERRUPTED } from './cover-slots.ts';

/** What is kept of the past. The plan itself, its versions and the runs that made them stay; the lakehouse keeps a month of whole plans; the audit keeps all. */
export interface Retention {
  /**
   * Runs that published nothing (unchanged, failed, skipped slots): the newest so many. Beyond them stay what somebody asked for, without the slots of an ended backfill,
   * and each schedule's last slot, from which it goes on.
   */
  idleRuns: number;
  /** Tie-outs of the newest so many runs; older ones stay while they are the newest of their scope and measure. */
  tieOutRuns: number;
  /** Changes between versions: of the newest versions that together have at most so many, and of the newest one. */
  changes: number;
}

export const RETENTION: Retention = { idleRuns: 10_000, tieOutRuns: 100, changes: 2_000_000 };

/** Rows that one pass removes at most: it is a transaction, and each row of it is an entry of the audit. */
const PASS = 20_000;

const IDLE_RUNS = `with last as (
    select schedule, max(slot) as slot from planning.plan_runs where cause <> 'backfill' and not (status = 'failed' and error = '${INTERRUPTED}') and schedule is not null group by schedule),
  idle as (
    select r.id from planning.plan_runs r left join last l on l.schedule = r.schedule
    where r.status in ('unchanged', 'failed', 'skipped') and r.version is null and (r.request_id is null or r.slot is not null and exists (select from planning.plan_runs e where e.request_id = r.request_id and e.status = 'skipped'))
       and r.slot is distinct from l.slot
      and not exists (select from planning.tie_outs t where t.run_id = r.id)
    order by r.id desc offset $1)
  delete from planning.plan_runs r where r.id in (select id from idle order by id limit $2)`;

const TIE_OUTS = `with bound as (select coalesce(min(id), 0) as id from (select id from planning.plan_runs where status in ('published', 'unchanged', 'failed') order by id desc limit $1) newest)
  delete from planning.tie_outs o where (o.run_id, o.scope, o.measure) in (
    select t.run_id, t.scope, t.measure from planning.tie_outs t join (select scope, measure, max(run_id) as newest from planning.tie_outs group by scope, measure) n using (scope, measure)
    where t.run_id < n.newest and t.run_id < (select id from bound) limit $2)`;

const CHANGES = `with kept as (
    select v.version, sum(v.lines_changed) over (order by v.version desc) as total, row_number() over (order by v.version desc) as place
    from planning.plan_versions v where v.version >= (select min(version) from planning.plan_changes))
  delete from planning.plan_changes o where (o.version, o.product, o.region, o.period, o.measure) in (
    select c.version, c.product, c.region, c.period, c.measure from planning.plan_changes c
    where c.version <= (select max(version) from kept where total > $1 and place > 1) limit $2)`;

/** One pass. Returns whether there may be more to forget. */
export async function forget(client: pg.ClientBase, { idleRuns, tieOutRuns, changes }: Retention): Promise<boolean> {
  let more = false;
  for (const [sql, bound] of [
    [TIE_OUTS, tieOutRuns],
    [CHANGES, changes],
    [IDLE_RUNS, idleRuns],
  ] as const) {
    const { rowCount } = await client.query(sql, [bound, PASS]);
    more ||= (rowCount ?? 0) >= PASS;
  }
  return more;
}
