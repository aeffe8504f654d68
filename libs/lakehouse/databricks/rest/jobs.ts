import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '#libs/failure/failure';
import type { RestApi } from './rest-api.ts';

const VERSION = '/api/2.2/jobs';

const started = z.object({ run_id: z.number().int() });
const run = z.object({
  run_id: z.number().int(),
  job_id: z.number().int(),
  state: z.object({ life_cycle_state: z.string(), result_state: z.string().optional(), state_message: z.string().optional() }),
  run_page_url: z.string().optional(),
});

/** Where a run stands. `running` has no result yet; `skipped`: another run of the job was under way. */
export type JobRunState = 'running' | 'succeeded' | 'failed' | 'canceled' | 'skipped';

export interface JobRun {
  runId: number;
  jobId: number;
  state: JobRunState;
  /** Databricks' own words for it: life cycle state and result state. */
  detail: string;
  /** The run's page in the workspace. */
  url: string | undefined;
}

export interface RunNow {
  jobId: number;
  /** Job parameters by name. */
  parameters?: Readonly<Record<string, string>>;
  /** The same key starts one run, however often it is sent. Any text: Databricks takes 64 characters, so its SHA-256 goes. */
  idempotencyKey: string;
  signal?: AbortSignal;
}

/** Databricks Jobs (REST API 2.2): start a run once, look at it, cancel it. */
export class Jobs {
  readonly #api: RestApi;

  constructor(api: RestApi) {
    this.#api = api;
  }

  /** Starts a run, or finds the one that this key has started before. A job that is not there: `invalid-input`. */
  async runNow({ jobId, parameters, idempotencyKey, signal }: RunNow): Promise<number> {
    const body = {
      job_id: jobId,
      idempotency_token: createHash('sha256').update(idempotencyKey).digest('hex'),
      ...(parameters === undefined ? {} : { job_parameters: parameters }),
    };
    const answer = await this.#api.call({ method: 'POST', path: `${VERSION}/run-now`, body, what: `to run job ${jobId}`, repeatable: true, signal });
    return parsed(started, answer, 'run-now').run_id;
  }

  async get(runId: number, signal?: AbortSignal): Promise<JobRun> {
    const answer = await this.#api.call({
      method: 'GET',
      path: `${VERSION}/runs/get`,
      query: { run_id: String(runId) },
      what: `for run ${runId}`,
      repeatable: true,
      signal,
    });
    const { run_id, job_id, state, run_page_url } = parsed(run, answer, 'runs/get');
    const words = [state.life_cycle_state, state.result_state].filter((word) => word !== undefined);
    return { runId: run_id, jobId: job_id, state: stateOf(state.life_cycle_state, state.result_state), detail: words.join(' '), url: run_page_url };
  }

  /** Asks for the end of a run; one that has ended stays as it is. */
  async cancel(runId: number, signal?: AbortSignal): Promise<void> {
    await this.#api.call({ method: 'POST', path: `${VERSION}/runs/cancel`, body: { run_id: runId }, what: `to cancel run ${runId}`, repeatable: true, signal });
  }
}

/** Life cycle and result (Jobs API, RunState). */
function stateOf(lifeCycle: string, result: string | undefined): JobRunState {
  if (lifeCycle === 'SKIPPED') return 'skipped';
  if (lifeCycle !== 'TERMINATED' && lifeCycle !== 'INTERNAL_ERROR') return 'running';
  if (result === 'SUCCESS' || result === 'SUCCESS_WITH_FAILURES') return 'succeeded';
  return result === 'CANCELED' ? 'canceled' : 'failed';
}

export function parsed<T>(schema: z.ZodType<T>, answer: unknown, what: string): T {
  const result = schema.safeParse(answer, { reportInput: false });
  if (result.success) return result.data;
  const fields = result.error.issues.map(({ path }) => path.join('.') || 'the answer').join(', ');
  throw new Failure('protocol-violation', `Databricks answered ${what} without what its API says: ${fields}`);
}
