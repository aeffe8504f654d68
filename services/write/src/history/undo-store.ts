import type pg from 'pg';
import type { UndoProgress, UndoReport } from '#contracts/http/history';
import type { Principal } from '#libs/governance/principal';
import { type ProblemBody, ProblemException } from '#libs/runtime/http/problem';
import { utcText } from '#libs/postgres/utc-text';
import type { Undoable } from './undo-changes.ts';
import type { UndoRun } from './undo-run.ts';

type Client = Pick<pg.ClientBase, 'query'>;

/** Somebody was told where to look: from now on the undo can be looked at, by its id. */
export async function keepRun(
  client: Client,
  run: UndoRun,
  { what, dryRun, principal }: { what: Undoable; dryRun: boolean; principal: Principal },
): Promise<void> {
  await client.query(
    `insert into lakeloop.undo_run (id, actor, role, what, dry_run, phase, rows, total, started_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [run.id, principal.subject, principal.role, JSON.stringify(what), dryRun, run.phase, run.rows, run.total, run.startedAt],
  );
}

/** Whether it shall go on. */
export async function keepProgress(client: Client, { id, phase, rows, total }: UndoRun): Promise<boolean> {
  const { rows: found } = await client.query<{ cancelled: boolean }>(
    `update lakeloop.undo_run set phase = $2, rows = $3, total = $4, told_at = clock_timestamp() where id = $1 and state = 'running' returning cancelled`,
    [id, phase, rows, total],
  );
  return found[0]?.cancelled !== true;
}

/** Throws where somebody has cancelled it: then nothing of it may be kept. */
export async function keepReport(client: Client, { id, rows, total }: UndoRun, report: UndoReport): Promise<void> {
  const { rowCount } = await client.query(
    `update lakeloop.undo_run set state = 'done', report = $2, rows = $3, total = $4, ended_at = clock_timestamp() where id = $1 and not cancelled`,
    [id, JSON.stringify(report), rows, total],
  );
  if (rowCount === 0) throw wasCancelled();
}

export function wasCancelled(): ProblemException {
  return new ProblemException(409, 'cancelled', 'the undo was cancelled; nothing was changed');
}

export async function keepFailure(client: Client, { id, rows }: UndoRun, failure: ProblemBody): Promise<void> {
  await client.query(
    `update lakeloop.undo_run set state = case when cancelled then 'cancelled' else 'failed' end, failure = case when not cancelled then $2::jsonb end, rows = $3,
       ended_at = clock_timestamp() where id = $1 and state = 'running'`,
    [id, JSON.stringify(failure), rows],
  );
}

/** Asks an undo of the caller's to end, whichever process does it. */
export async function cancelRun(client: Client, id: string, { subject, role }: Principal): Promise<void> {
  await client.query(
    `with asked as (update lakeloop.undo_run set cancelled = true where id = $1 and actor = $2 and role = $3 and state = 'running' returning id)
     select lakeloop.stop_undoing(a.id) from asked a`,
    [id, subject, role],
  );
}

export async function stopUndoing(client: Client, { id }: UndoRun): Promise<void> {
  await client.query('select lakeloop.stop_undoing($1)', [id]);
}

type RunRow = Omit<UndoProgress, 'percent'> & { undoing: boolean };

/** Silence after which an undo that nobody holds the lock of is taken for dead: between the end of its transaction and the word of its end, nobody does either. */
const SILENT = "interval '5 seconds'";

/** Counts fit a double: they are of rows of one transaction. */
const RUN = `select r.id::text, r.what, r.dry_run as "dryRun", r.state, r.phase, r.rows::float8, r.total::float8, r.report, r.failure, ${utcText('r.started_at')} as "startedAt",
  ${utcText('r.ended_at')} as "endedAt", r.told_at > clock_timestamp() - ${SILENT} or r.state = 'running' and lakeloop.is_undoing(r.id) as undoing
  from lakeloop.undo_run r where r.id = $1 and r.actor = $2 and r.role = $3`;

/** An undo that the caller began; undefined where there is none. One whose process is gone has failed, and with it went all that it had written. */
export async function findRun(client: Client, id: string, { subject, role }: Principal): Promise<UndoProgress | undefined> {
  const { rows } = await client.query<RunRow>(RUN, [id, subject, role]);
  if (!rows[0]) return undefined;
  const { undoing, ...run } = rows[0];
  const percent = run.state === 'done' ? 100 : run.total === null || run.total === 0 ? 0 : Math.min(99, Math.floor((100 * run.rows) / run.total));
  if (run.state !== 'running' || undoing) return { ...run, percent };
  return { ...run, percent, state: 'failed', failure: { ...INTERRUPTED } };
}

const INTERRUPTED: ProblemBody = {
  type: 'urn:lakeloop:problem:interrupted',
  title: 'Interrupted',
  status: 503,
  detail: 'the process that did it is gone; nothing was changed',
  hint: 'Begin it again.',
};
