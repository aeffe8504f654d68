import { writeFile } from 'node:fs/promises';
import type pg from 'pg';
import { classify } from '#libs/failure/classify';
import { FAILURE_POLICY } from '#libs/failure/policy';
import { Failure } from '#libs/failure/failure';
import type { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import { contextOf } from '#libs/governance/write-context';
import { retrying } from '#libs/runtime/backoff';
import { hit } from '#libs/runtime/failpoints';
import type { Logger } from '#libs/runtime/logger';
import { newTraceparent } from '#libs/runtime/telemetry';
import { utcText } from '#libs/postgres/utc-text';
import type { Touched } from '../model/touched-scopes.ts';
import { PLANNING_ROLE } from '../tables/planning-tables.ts';
import type { ConsolidatedPlan, LastPublished } from './consolidated-plan.ts';
import { coverSlots, INTERRUPTED } from './cover-slots.ts';
import { forget, RETENTION, type Retention } from './forget.ts';
import type { MadePlan } from './made-plan.ts';
import { makePlan } from './make-plan.ts';
import { publishPlan } from './publish-plan.ts';
import { type Spools, withSpools } from './spool.ts';

export type RunCause = 'schedule' | 'change' | 'request' | 'backfill' | 'catch-up';

export interface RunOrder {
  cause: RunCause;
  touched: Touched;
  schedule?: string;
  /** Milliseconds since the epoch. */
  slot?: number;
  /** Earlier slots of the schedule that this run makes up for: recorded as skipped when it begins. */
  covers?: readonly number[];
  requestId?: string;
}

export interface RunOutcome {
  runId: bigint;
  status: 'published' | 'unchanged' | 'failed';
  version: bigint | null;
  failure?: Failure;
}

export const PLANNING_PRINCIPAL: Principal = {
  subject: 'flow:planning',
  name: 'planning',
  role: PLANNING_ROLE,
  amr: [],
  claims: { sub: 'flow:planning', role: PLANNING_ROLE },
};

export interface PlanningRunsOptions {
  governed: Governed;
  plan: ConsolidatedPlan;
  logger: Logger;
  /** Tries of one run before it is recorded as failed; default 3. */
  attempts?: number;
  /** Default: `RETENTION`. */
  keep?: Retention;
}

/** Old rows and files go every so many runs. */
const RUNS_A_TIDYING = 50;

/** Makes and publishes plans, one at a time: the caller holds the run lock. */
export class PlanningRuns {
  readonly #options: PlanningRunsOptions;
  #sinceTidy = 0;

  constructor(options: PlanningRunsOptions) {
    this.#options = options;
  }

  /** Records what ended without saying so: their plans were never published. */
  async bury(): Promise<void> {
    await this.transaction('take over', (client) =>
      client.query(`update planning.plan_runs set status = 'failed', error = $1, finished_at = clock_timestamp() where status = 'running'`, [INTERRUPTED]),
    );
  }

  /** Never throws for a plan that can't be made or published: that is a failed run, a row that says why, and the last plan stands. */
  async run(order: RunOrder, signal: AbortSignal): Promise<RunOutcome> {
    const runId = await this.#begin(order);
    await hit('planning.after-begin');
    const most = this.#options.attempts ?? 3;
    let tries = 0;
    const retryable = (error: unknown): boolean => {
      tries += 1;
      return !(error instanceof Ended) && FAILURE_POLICY[classify(error).kind].reaction === 'retry' && tries < most;
    };
    try {
      const onRetry = (error: unknown): void => this.#options.logger.warn({ err: error, run: String(runId) }, 'a planning run is tried again');
      const result = await retrying((attempt) => this.#attempt(runId, order, signal, attempt), { initialMs: 100, maxMs: 2_000, signal, retryable, onRetry });
      await this.#tidy(signal);
      return { runId, ...result };
    } catch (error) {
      const cause: unknown = error instanceof Ended ? error.cause : error;
      return this.#failed(runId, signal.aborted ? new Failure('dependency-unavailable', INTERRUPTED, { cause }) : cause);
    }
  }

  async #begin(order: RunOrder): Promise<bigint> {
    const { cause, schedule, slot, requestId, touched } = order;
    const { rows } = await this.transaction('begin', async (client) => {
      await coverSlots(client, order);
      return client.query<{ id: string }>(
        `insert into planning.plan_runs (cause, schedule, slot, request_id, scopes, status, started_at) values ($1, $2, $3, $4, $5, 'running', clock_timestamp()) returning id::text`,
        [
          cause,
          schedule ?? null,
          slot === undefined ? null : new Date(slot),
          requestId ?? null,
          touched.all || touched.periods.length > 0 ? null : touched.scopes,
        ],
      );
    });
    return BigInt(rows[0]?.id ?? 0);
  }

  #attempt(runId: bigint, order: RunOrder, signal: AbortSignal, attempt: number): Promise<Omit<RunOutcome, 'runId'>> {
    return withSpools(async (spools) => {
      if (attempt > 0)
        await this.transaction('try again', (client) => client.query('update planning.plan_runs set attempts = $2 where id = $1', [runId, attempt + 1]));
      const last = await this.#last();
      const version = (await this.#newestVersion()) + 1n;
      const made = await this.#make(order.touched, spools, version, signal);
      await hit('planning.after-make');
      const changed = made.lines + made.removals > 0;
      const lake = changed ? await this.#toLake(runId, version, { spools, last, signal }) : { lakeVersion: last.lakeVersion, foreign: 0 };
      if (lake.foreign > 0)
        this.#options.logger.warn({ versions: lake.foreign }, 'others wrote to planning.consolidated_plan since the last plan; nothing of theirs is lost');
      const remarks = lake.foreign > 0 ? { foreign_lake_versions: lake.foreign } : {};
      const publication = { runId, version, lakeVersion: lake.lakeVersion, made, touched: order.touched, remarks };
      await this.#settle(changed, () => this.transaction('publish', (client) => publishPlan(client, spools, publication)), signal);
      await hit('planning.after-publish');
      return outcomeOf(made, version);
    });
  }

  #make(touched: Touched, spools: Spools, version: bigint, signal: AbortSignal): Promise<MadePlan> {
    const context = contextOf(PLANNING_PRINCIPAL, { requestId: 'planning', traceparent: newTraceparent() });
    return this.#options.governed.transaction({ principal: PLANNING_PRINCIPAL, context, readOnly: true }, (client) =>
      makePlan({ client, touched, spools, version, at: new Date().toISOString(), signal }),
    );
  }

  async #toLake(
    runId: bigint,
    version: bigint,
    { spools, last, signal }: { spools: Spools; last: LastPublished; signal: AbortSignal },
  ): Promise<{ lakeVersion: bigint; foreign: number }> {
    const foreign = await this.#options.plan.heal(last, () => this.#export(`${spools.lake.path}.all`));
    await hit('planning.before-lake');
    const commit = await this.#options.plan.publish(runId, version, spools.lake.path, signal);
    await hit('planning.after-lake');
    return { lakeVersion: commit.version, foreign: foreign ?? 0 };
  }

  /** The lakehouse has the plan, so what Postgres lacks of it is tried again as it is: a plan made anew would be another one. */
  async #settle(inLake: boolean, publish: () => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await retrying((attempt) => publish().catch((error: unknown) => Promise.reject(attempt >= 4 ? new Ended(error) : toThrow(error))), {
        signal,
        retryable: (error) => !(error instanceof Ended) && inLake && classify(error).kind === 'dependency-unavailable',
      });
    } catch (error) {
      throw inLake && !(error instanceof Ended) ? new Ended(error) : error;
    }
  }

  /** All published lines, for a lakehouse that lost them. */
  async #export(path: string): Promise<string> {
    await writeFile(path, '', { mode: 0o600 });
    await this.transaction('export', async (client) => {
      await client.query(
        `declare plan no scroll cursor for select (to_jsonb(l) || jsonb_build_object('contributors', l.contributors::text, 'updated_at', ${utcText('l.updated_at')}))::text as line from planning.plan_lines l`,
      );
      for (;;) {
        const { rows } = await client.query<{ line: string }>('fetch 2000 from plan');
        if (rows.length === 0) return;
        await writeFile(path, `${rows.map(({ line }) => line).join('\n')}\n`, { flag: 'a' });
      }
    });
    return path;
  }

  async #last(): Promise<LastPublished> {
    const { rows } = await this.transaction('look', (client) =>
      client.query<{ id: string; version: string; lake: string | null }>(
        `select r.id::text, r.version::text, r.lake_version::text as lake from planning.plan_runs r where r.status = 'published' and r.lines > 0 order by r.id desc limit 1`,
      ),
    );
    const [row] = rows;
    return { runId: BigInt(row?.id ?? 0), version: BigInt(row?.version ?? 0), lakeVersion: row?.lake ? BigInt(row.lake) : null };
  }

  async #newestVersion(): Promise<bigint> {
    const { rows } = await this.transaction('look', (client) =>
      client.query<{ version: string }>('select coalesce(max(version), 0)::text as version from planning.plan_versions'),
    );
    return BigInt(rows[0]?.version ?? 0);
  }

  async #failed(runId: bigint, error: unknown): Promise<RunOutcome> {
    const failure = classify(error);
    const { logger } = this.#options;
    logger.warn(
      { run: String(runId), kind: failure.kind, reason: failure.message, hint: FAILURE_POLICY[failure.kind].hint },
      'a planning run failed; the last plan stands',
    );
    const record = (): Promise<unknown> =>
      this.transaction('fail', (client) =>
        client.query(
          `update planning.plan_runs set status = 'failed', error = $2, finished_at = clock_timestamp(), duration_ms = round(extract(epoch from clock_timestamp() - started_at) * 1000) where id = $1 and status = 'running'`,
          [runId, failure.message],
        ),
      );
    // Postgres itself may be what failed: then the next run buries this one.
    await record().catch((lost: unknown) => logger.warn({ err: lost, run: String(runId) }, 'the failed run could not be recorded yet'));
    return { runId, status: 'failed', version: null, failure };
  }

  /** After the first run and every some; a pass is a transaction of its own, and what is left is the next time's. */
  async #tidy(signal: AbortSignal): Promise<void> {
    this.#sinceTidy += 1;
    if (this.#sinceTidy % RUNS_A_TIDYING !== 1) return;
    const { keep = RETENTION, logger, plan } = this.#options;
    try {
      while (!signal.aborted && (await this.transaction('forget', (client) => forget(client, keep))));
      await plan.tidy();
    } catch (error) {
      logger.warn({ err: error }, 'what the plan no longer needs is still there');
    }
  }

  /** As the flow's own principal: policies and audit hold for it as for people. */
  transaction<T>(reason: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const context = contextOf(PLANNING_PRINCIPAL, { requestId: 'planning', traceparent: newTraceparent(), flow: 'planning', hop: 1, reason });
    return this.#options.governed.transaction({ principal: PLANNING_PRINCIPAL, context }, work);
  }
}

/** Thrown where another try of the same run would make another plan than the one the lakehouse has: the run ends, and the next one takes that version back. */
class Ended extends Error {
  constructor(cause: unknown) {
    super('the run has ended', { cause });
  }
}

function toThrow(error: unknown): Error {
  return error instanceof Error ? error : new Failure('bug', String(error));
}

function outcomeOf(made: MadePlan, version: bigint): Omit<RunOutcome, 'runId'> {
  const [parked] = made.parked;
  if (made.lines + made.removals + made.conflicts > 0) return { status: 'published', version };
  return parked ? { status: 'failed', version: null, failure: parked.failure } : { status: 'unchanged', version: null };
}
