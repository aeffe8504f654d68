import type pg from 'pg';
import { classify } from '#libs/failure/classify';
import type { Logger } from '#libs/runtime/logger';
import { backfillSlots, dueSlots } from '../schedule/due.ts';
import type { OverlapPolicy } from '../schedule/overlap.ts';
import type { Touched } from '../model/touched-scopes.ts';
import { INTERRUPTED } from './cover-slots.ts';
import type { RunOrder } from './planning-run.ts';
import { readTouched } from './read-inputs.ts';

export interface Debounce {
  /** A scope is left alone until nobody has touched it for this long, ms. */
  quietMs: number;
  /** But never longer than this. */
  mostMs: number;
}

export interface ScheduleRow {
  name: string;
  cron: string;
  timeZone: string;
  overlap: OverlapPolicy;
  catchUpMs: number;
  lastDone: number;
}

const ALL: Touched = { all: true };

/** What is to be run next, or nothing: requests first, then schedules' slots, then what was touched. Everything is derived from rows, so no crash forgets it. */
export async function nextOrder(client: pg.ClientBase, now: number, debounce: Debounce, logger: Logger): Promise<RunOrder | undefined> {
  return (await requested(client)) ?? (await due(client, now, logger)) ?? (await changed(client, debounce));
}

async function changed(client: pg.ClientBase, debounce: Debounce): Promise<RunOrder | undefined> {
  const { touched, due: ready } = await readTouched(client, debounce);
  return ready === 0 ? undefined : { cause: 'change', touched };
}

interface RequestRow {
  id: string;
  scopes: string[] | null;
  from: Date | null;
  until: Date | null;
}

async function requested(client: pg.ClientBase): Promise<RunOrder | undefined> {
  const { rows } = await client.query<RequestRow>(
    `select q.id::text as id, q.scopes, q.backfill_from as from, q.backfill_until as until from planning.run_requests q
     where not exists (select from planning.plan_runs r where r.request_id = q.id and (r.cause = 'request' or r.status = 'skipped')) order by q.id limit 20`,
  );
  for (const { id, scopes, from, until } of rows) {
    if (!from || !until) return { cause: 'request', requestId: id, touched: scopes === null ? ALL : { all: false, scopes, periods: [] } };
    const order = await backfill(client, id, from.getTime(), until.getTime());
    if (order) return order;
  }
  return undefined;
}

/** The first slot of a backfill that is not done; a backfill with none left is recorded, and never looked at again. */
async function backfill(client: pg.ClientBase, requestId: string, from: number, until: number): Promise<RunOrder | undefined> {
  for (const schedule of await readSchedules(client)) {
    const { rows } = await client.query<{ slot: Date }>(
      `select slot from planning.plan_runs where schedule = $1 and slot between $2 and $3 and (status in ('published', 'unchanged') or request_id = $4)`,
      [schedule.name, new Date(from), new Date(until), requestId],
    );
    const [slot] = backfillSlots(schedule, from, until, new Set(rows.map((row) => row.slot.getTime())));
    if (slot !== undefined) return { cause: 'backfill', schedule: schedule.name, slot, requestId, touched: ALL };
  }
  await client.query(
    `insert into planning.plan_runs (cause, request_id, status, error, started_at, finished_at) values ('backfill', $1, 'skipped', 'every slot of the stretch is done', clock_timestamp(), clock_timestamp())`,
    [requestId],
  );
  return undefined;
}

/**
 * The newest slot that is due, which covers the ones before it: every run plans from what is known when it runs, so one makes up for all that were missed. What was missed
 * for longer than the catch-up window is recorded as skipped, as one stretch.
 */
async function due(client: pg.ClientBase, now: number, logger: Logger): Promise<RunOrder | undefined> {
  for (const schedule of await readSchedules(client)) {
    try {
      const found = dueSlots({ schedule, lastDone: schedule.lastDone, now, catchUpWindow: schedule.catchUpMs });
      if (found.missed) await skipped(client, schedule.name, found.missed.until, 'missed for longer than the catch-up window');
      const slot = found.due.at(-1);
      const covers = found.due.slice(0, -1);
      if (slot !== undefined) return { cause: covers.length > 0 ? 'catch-up' : 'schedule', schedule: schedule.name, slot, covers, touched: ALL };
    } catch (error) {
      logger.warn({ schedule: schedule.name, reason: classify(error).message }, 'a schedule of the plan can not be read');
    }
  }
  return undefined;
}

export async function skipped(client: pg.ClientBase, schedule: string, slot: number, why: string): Promise<void> {
  await client.query(
    `insert into planning.plan_runs (cause, schedule, slot, status, error, started_at, finished_at)
     select 'schedule', $1, $2, 'skipped', $3, clock_timestamp(), clock_timestamp() where not exists (select from planning.plan_runs where schedule = $1 and slot = $2)`,
    [schedule, new Date(slot), why],
  );
}

/** Those that are on. `lastDone`: the newest slot with any outcome of its own (a process that ended is none), else when the schedule was made or last changed. */
export async function readSchedules(client: pg.ClientBase): Promise<ScheduleRow[]> {
  const { rows } = await client.query<{ name: string; cron: string; time_zone: string; overlap: OverlapPolicy; catch_up: string; last_done: Date }>(
    `select s.name, s.cron, s.time_zone, s.overlap, extract(epoch from s.catch_up)::text as catch_up,
       greatest(s.since, (select max(r.slot) from planning.plan_runs r where r.schedule = s.name and r.cause <> 'backfill'
         and not (r.status = 'failed' and r.error = $1))) as last_done
     from planning.schedules s where s.enabled order by s.name`,
    [INTERRUPTED],
  );
  return rows.map((row) => ({
    name: row.name,
    cron: row.cron,
    timeZone: row.time_zone,
    overlap: row.overlap,
    catchUpMs: Number(row.catch_up) * 1000,
    lastDone: row.last_done.getTime(),
  }));
}
