import type pg from 'pg';
import { Failure } from '#libs/failure/failure';
import { hit } from '#libs/runtime/failpoints';
import { AMOUNTS, FLAGS, LINE_KEY } from './consolidated-plan.ts';
import type { MadePlan } from './made-plan.ts';
import type { Touched } from '../model/touched-scopes.ts';
import type { Spool, Spools } from './spool.ts';

export interface Publication {
  runId: bigint;
  version: bigint;
  lakeVersion: bigint | null;
  made: MadePlan;
  touched: Touched;
  /** Beside the inputs' versions: what else is to be known of the run. */
  remarks: Readonly<Record<string, unknown>>;
}

/** Of one statement's rows. */
const BATCH_BYTES = 2 * 1024 * 1024;
const KEY = LINE_KEY.map((name) => `${name} text`).join(', ');
const SAME = LINE_KEY.map((name) => `l.${name} = r.${name}`).join(' and ');
const VALUES = ['scope', 'unit', ...AMOUNTS, ...FLAGS, 'contributors', 'version', 'updated_at'];
const COLUMNS = [...LINE_KEY, ...VALUES];
/** Rows and, beside each, its bulk. */
const withBulk = (table: string): string => `rows from (json_populate_recordset(null::planning.${table}, $1), string_to_table($2, E'\\n'))`;
const BULK = 'r.string_to_table::jsonb';
const LINES = withBulk('plan_lines');
const of = (column: string): string => (column === 'contributors' ? BULK : `r.${column}`);

/**
 * Publishes a made plan in the caller's transaction, as the flow's principal: readers see all of it or nothing. Throws a `conflict` Failure when the run is not the
 * one that is on any more (it was cancelled, or taken for dead), and PT409 from the database when a period was frozen meanwhile.
 */
export async function publishPlan(client: pg.ClientBase, spools: Spools, publication: Publication): Promise<void> {
  const { runId, version, made } = publication;
  await holdRun(client, runId);
  const changed = made.lines + made.removals;
  if (changed + made.conflicts > 0) {
    await client.query('insert into planning.plan_versions (version, run_id, created_at, lines_changed) values ($1, $2, now(), $3)', [version, runId, changed]);
    await lines(client, spools);
    await hit('planning.in-publish');
    await conflicts(client, spools);
    await each(
      client,
      spools.changes,
      `insert into planning.plan_changes select r.version, r.product, r.region, r.period, r.measure, r.before, r.after, ${BULK} from ${withBulk('plan_changes')} r`,
    );
  }
  await scopes(client, spools.scopes, changed + made.conflicts > 0 ? version : version - 1n);
  const tieOuts = `insert into planning.tie_outs (run_id, scope, measure, expected, actual, difference, ok)
    select $2, r.scope, r.measure, r.expected, r.actual, r.difference, r.ok from json_populate_recordset(null::planning.tie_outs, $1) r`;
  await each(client, spools.tieOuts, tieOuts, [runId]);
  await takenUp(client, publication);
  await finish(client, publication);
}

/** Holds the run's row until the end of the transaction: nobody cancels it or takes it for dead from here on. */
async function holdRun(client: pg.ClientBase, runId: bigint): Promise<void> {
  const { rows } = await client.query<{ status: string }>('select status from planning.plan_runs where id = $1 for update', [runId]);
  if (rows[0]?.status !== 'running') throw new Failure('conflict', `run ${runId} is not on any more: ${rows[0]?.status ?? 'gone'}`);
}

async function lines(client: pg.ClientBase, spools: Spools): Promise<void> {
  await each(client, spools.removals, `delete from planning.plan_lines l using json_to_recordset($1) as r(${KEY}) where ${SAME}`);
  const set = VALUES.map((name) => `${name} = ${of(name)}`).join(', ');
  await each(client, spools.changed, `update planning.plan_lines l set ${set} from ${LINES} r where ${SAME}`);
  // A line that is new to its scope may stand in another one: it moved, or it was asked for before its old scope was planned again.
  const moved = VALUES.map((name) => `${name} = excluded.${name}`).join(', ');
  await each(
    client,
    spools.fresh,
    `insert into planning.plan_lines (${COLUMNS.join(', ')}) select ${COLUMNS.map(of).join(', ')} from ${LINES} r on conflict (${LINE_KEY.join(', ')}) do update set ${moved}`,
  );
}

const CONFLICT = ['id', ...LINE_KEY, 'scope', 'rule', 'contributors', 'resolution', 'version'];

async function conflicts(client: pg.ClientBase, spools: Spools): Promise<void> {
  await each(client, spools.settled, `delete from planning.plan_conflicts c using json_to_recordset($1) as r(id text) where c.id = r.id`);
  await each(
    client,
    spools.conflicts,
    `insert into planning.plan_conflicts as c (${CONFLICT.join(', ')}) select ${CONFLICT.map(of).join(', ')} from ${withBulk('plan_conflicts')} r
     on conflict (id) do update set scope = excluded.scope, rule = excluded.rule, contributors = excluded.contributors, resolution = excluded.resolution, version = excluded.version`,
  );
}

/** After the lines: a scope that was published before keeps its frozen lines. */
async function scopes(client: pg.ClientBase, spool: Spool, version: bigint): Promise<void> {
  const rows = 'json_to_recordset($1) as r(scope text, premises jsonb, gone boolean)';
  await each(client, spool, `delete from planning.plan_scopes s using ${rows} where r.gone and s.scope = r.scope`);
  await each(
    client,
    spool,
    `insert into planning.plan_scopes as s (scope, premises, version) select r.scope, r.premises, $2 from ${rows} where not r.gone
     on conflict (scope) do update set premises = excluded.premises, version = excluded.version where s.premises is distinct from excluded.premises`,
    [version],
  );
}

async function each(client: pg.ClientBase, spool: Spool, sql: string, more: unknown[] = []): Promise<void> {
  if (spool.count === 0) return;
  let writing: Promise<unknown> = Promise.resolve();
  // The next batch is read while Postgres writes the last one.
  for await (const batch of spool.batches(BATCH_BYTES)) {
    await writing;
    writing = client.query(sql, [batch.rows, ...(batch.bulk === '' ? [] : [batch.bulk]), ...more]);
    writing.catch(() => undefined);
  }
  await writing;
}

async function finish(client: pg.ClientBase, { runId, version, lakeVersion, made, remarks }: Publication): Promise<void> {
  const changed = made.lines + made.removals + made.conflicts > 0;
  const error =
    made.parked.length === 0
      ? null
      : made.parked
          .slice(0, 3)
          .map(({ scope, failure }) => `${scope}: ${failure.message}`)
          .join('; ');
  const status = changed ? 'published' : error === null ? 'unchanged' : 'failed';
  await client.query(
    `update planning.plan_runs set status = $2, version = $3, lake_version = $4, snapshot = $5, inputs = $6, lines = $7, conflicts = (select count(*) from planning.plan_conflicts), error = $8,
       scopes = $9, finished_at = clock_timestamp(), duration_ms = round(extract(epoch from clock_timestamp() - started_at) * 1000) where id = $1`,
    [runId, status, changed ? version : null, lakeVersion, made.snapshot, { ...made.inputs, ...remarks }, made.lines + made.removals, error, made.scopes],
  );
}

/** What the run's snapshot held of the touches it took is done; what came later waits for the next. */
async function takenUp(client: pg.ClientBase, { made, touched }: Publication): Promise<void> {
  const [scopes, periods] = touched.all ? [null, null] : [touched.scopes, touched.periods];
  await client.query(
    `delete from lakeloop.planning_touched t where pg_visible_in_snapshot(t.xid, $1::pg_snapshot)
       and ($2::text[] is null or t.scope = any($2) or (t.scope is null and t.period = any($3)))`,
    [made.snapshot, scopes, periods],
  );
}
