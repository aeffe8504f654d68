import type { Logger } from '#libs/runtime/logger';
import { Failure } from '#libs/failure/failure';
import type { CaseOffers } from './case-offers.ts';

/** Databricks Jobs: `run-now` and `runs/get`, or what speaks the same. */
export interface RunsOfJobs {
  /** Starts a run; the same token again answers with the run that it started before. */
  runNow(jobId: number, run: { parameters: Readonly<Record<string, string>>; idempotencyToken: string }): Promise<string>;
  /** `running` while it may still complete its case. */
  getRun(runId: string): Promise<{ state: 'running' | 'succeeded' | 'failed'; message: string }>;
}

export interface JobRunsOptions {
  flow: string;
  offers: CaseOffers;
  runs: RunsOfJobs | null;
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

  /** Starts what has no run yet. The token of a run is the case and the attempt: a start that was answered too late starts nothing twice. */
  async start(jobId: number): Promise<void> {
    const { flow, offers } = this.#options;
    const runs = this.#runs(jobId);
    for (const { caseId, attempts } of await offers.withoutRun(MOST)) {
      const runId = await runs.runNow(jobId, { parameters: { flow, case_id: caseId }, idempotencyToken: `lakeloop-${caseId}-${attempts}` });
      await offers.started(caseId, runId);
    }
  }

  /** Looks after runs under way, then starts what needs one. */
  async tend(jobId: number): Promise<void> {
    const { offers, logger, flow } = this.#options;
    const runs = this.#runs(jobId);
    for (const { caseId, runId } of await offers.withRun(MOST)) {
      const { state, message } = await runs.getRun(runId);
      if (state === 'running') continue;
      logger.warn({ flow, caseId, runId, state, reason: message }, 'a run ended without completing its case');
      await offers.runEnded(caseId, runId, state === 'succeeded' ? `run ${runId} ended without completing the case` : `run ${runId} failed: ${message}`);
    }
    await this.start(jobId);
  }

  #runs(jobId: number): RunsOfJobs {
    const { runs, flow } = this.#options;
    if (!runs)
      throw new Failure(
        'misconfigured',
        `flow ${flow} runs the Databricks job ${jobId}, but no workspace is configured: set DATABRICKS_HOST and its credentials`,
      );
    return runs;
  }
}
