import type pg from 'pg';

/** Of a run whose process was stopped or killed: its slot is not done, and runs again. */
export const INTERRUPTED = 'its process ended before the plan was published';

export interface Covering {
  schedule?: string;
  slot?: number;
  covers?: readonly number[];
}

/** Records the slots that a run makes up for, with its row: neither is there without the other. */
export async function coverSlots(client: pg.ClientBase, { schedule, slot, covers = [] }: Covering): Promise<void> {
  if (slot === undefined || covers.length === 0) return;
  await client.query(
    `insert into planning.plan_runs (cause, schedule, slot, status, error, started_at, finished_at)
     select 'catch-up', $1, s.slot, 'skipped', $3, clock_timestamp(), clock_timestamp() from unnest($2::timestamptz[]) s(slot)`,
    [schedule, covers.map((each) => new Date(each)), `covered by the run of ${new Date(slot).toISOString()}`],
  );
}
