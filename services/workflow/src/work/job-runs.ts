import type { Logger } from '#libs/runtime/logger';
import type { Jobs } from '#libs/lakehouse/databricks/rest/jobs';
import { Failure } from '#libs/failure/failure';
import type { CaseOffers } from './case-offers.ts';

/** Databricks Jobs. */
export type Runs = Pick<Jobs, 'runNow' | 'get'>;

export interface JobRunsOptions {
  flow: string;
  offers: CaseOffers;
  runs: Runs | null;
  logger: Logger;
}

/** Cases whose runs are looked at in one go. */
const MOST = 200;

/**
 * A Databricks job as a flow's recommender: a run for each case, with the parameters `flow` and `case_id`. The job claims the case by its id and completes
 * it over HTTP, as any worker does; here runs are started, and watched: one that ended without completing its case is followed by another, or the case is parked.
 */
export class JobRuns {
  readonly #options: JobRunsOptions;

  constructor(options: JobRunsOptions) {
    this.#options = options;
  }

  /** Starts what has no run yet. The key of a run is the case and its turn: a start that was answered too late starts nothing twice. */
  async start(jobId: number): Promise<void> {
    const { flow, offers } = this.#options;
    const runs = this.#runs(jobId);
    for (const { caseId, turn } of await offers.withoutRun(MOST)) {
      const runId = await runs.runNow({ jobId, parameters: { flow, case_id: caseId }, idempotencyKey: `lakeloop:${flow}:${caseId}:${turn}` });
      await offers.started(caseId, String(runId));
    }
  }

  /** Looks after runs under way, then starts what needs one. */
  async tend(jobId: number): Promise<void> {
    const { offers, logger, flow } = this.#options;
    const runs = this.#runs(jobId);
    for (const { caseId, runId } of await offers.withRun(MOST)) {
      const { state, detail } = await runs.get(Number(runId));
      if (state === 'running') continue;
      logger.warn({ flow, caseId, runId, state, reason: detail }, 'a run ended without completing its case');
      await offers.runEnded(caseId, runId, state === 'succeeded' ? `run ${runId} ended without completing the case` : `run ${runId} ${state}: ${detail}`);
    }
    await this.start(jobId);
  }

  #runs(jobId: number): Runs {
    const { runs, flow } = this.#options;
    if (!runs)
      throw new Failure(
        'misconfigured',
        `flow ${flow} runs the Databricks job ${jobId}, but no workspace is configured: set DATABRICKS_HOST and its credentials`,
      );
    return runs;
  }
}
