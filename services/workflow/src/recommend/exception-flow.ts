import { EventEmitter } from 'node:events';
import type pg from 'pg';
import { Histogram, Counter, type Registry } from 'prom-client';
import { caseJob, type CaseJob, flowQueueName } from '#contracts/jobs/case-job';
import { takeUpJob, type TakeUpJob } from '#contracts/jobs/take-up-job';
import type { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import type { Job, Jobs, JobQueue } from '#libs/jobs/jobs';
import type { TableName } from '#libs/postgres/identifiers';
import type { Logger } from '#libs/runtime/logger';
import { tablesOf } from '../cases/compile-tables.ts';
import type { ExceptionFlowDefinition } from '../cases/definition.ts';
import { type Change, type ChangeTrigger, type Flow, flowStep, type FlowStep } from '../flows/flow.ts';
import { Models } from '../models/models.ts';
import { Trainer } from '../models/trainer.ts';
import { choiceOf, type RecommenderChoice, type RecommenderRow } from '../cases/recommender-choice.ts';
import { recommenderQuery } from '../cases/compile-queries.ts';
import { CaseOffers } from '../work/case-offers.ts';
import { JobRuns, type Runs } from '../work/job-runs.ts';
import { WorkDesk } from '../work/work-desk.ts';
import { CaseReconciler } from './case-reconciler.ts';
import { Recommender } from './recommender.ts';
import { type Served, ServedModel } from './served-model.ts';

export interface ExceptionFlowOptions {
  governed: Governed;
  pool: pg.Pool;
  connectionString: string;
  jobs: Jobs;
  metrics: FlowMetrics;
  logger: Logger;
  /** Where served models and jobs are; null: nowhere. */
  workspace: { models: Served; jobs: Runs } | null;
  hopLimit: number;
  graceSeconds: number;
  concurrency: number;
}

/** Of all flows of a process. */
export interface FlowMetrics {
  outcomes: Counter<'flow' | 'outcome'>;
  duration: Histogram<'flow'>;
}

export function flowMetrics(registry: Registry): FlowMetrics {
  return {
    outcomes: new Counter({
      name: 'lakeloop_flow_jobs_total',
      help: 'jobs of flows by what became of them',
      labelNames: ['flow', 'outcome'],
      registers: [registry],
    }),
    duration: new Histogram({
      name: 'lakeloop_flow_job_seconds',
      help: 'time of one job, from its start to the committed write-back',
      labelNames: ['flow'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers: [registry],
    }),
  };
}

/** A definition at work: a flag becomes a job, the job a recommendation. */
export class ExceptionFlow implements Flow {
  readonly definition: ExceptionFlowDefinition;
  readonly models: Models;
  readonly trainer: Trainer;
  readonly offers: CaseOffers;
  readonly desk: WorkDesk;
  readonly tables: readonly TableName[];
  readonly triggers: readonly ChangeTrigger[];
  readonly steps: readonly FlowStep[];
  readonly #recommender: Recommender;
  readonly #reconciler: CaseReconciler;
  readonly #runs: JobRuns;
  readonly #bell = new EventEmitter();
  readonly #options: ExceptionFlowOptions;

  constructor(definition: ExceptionFlowDefinition, options: ExceptionFlowOptions) {
    const { governed, pool, connectionString, jobs, logger, hopLimit, graceSeconds, concurrency, workspace } = options;
    const principal = principalOf(definition);
    const queue: JobQueue<CaseJob> = { name: flowQueueName(definition.name, 'recommend'), schema: caseJob, attempts: 8, backoffMs: 200 };
    this.definition = definition;
    this.#options = options;
    this.tables = tablesOf(definition);
    this.models = new Models(governed, principal, definition);
    this.trainer = new Trainer({ definition, principal, models: this.models, governed, pool, connectionString, logger });
    this.offers = new CaseOffers(pool, definition.name);
    this.desk = new WorkDesk({ definition, offers: this.offers, governed, hopLimit, bell: this.#bell.setMaxListeners(0) });
    this.#runs = new JobRuns({ flow: definition.name, offers: this.offers, runs: workspace?.jobs ?? null, logger });
    const handOver = this.#handOver.bind(this);
    this.#recommender = new Recommender({
      definition,
      principal,
      governed,
      models: this.models,
      served: new ServedModel(workspace?.models ?? null),
      handOver,
      hopLimit,
    });
    this.#reconciler = new CaseReconciler({ definition, principal, governed, models: this.models, jobs, queue, graceSeconds });
    const takeUps: JobQueue<TakeUpJob> = { name: flowQueueName(definition.name, 'take-up'), schema: takeUpJob, attempts: 8, backoffMs: 200 };
    this.triggers = [
      { table: { schema: definition.schema, name: 'flags' }, step: 'recommend', payloadOf: jobOfFlag },
      { table: { schema: definition.schema, name: 'recommender' }, step: 'take-up', payloadOf: ({ eventId }) => ({ eventId }) },
    ];
    this.steps = [
      flowStep({ name: 'recommend', queue, concurrency, handle: (job) => this.#recommend(job) }),
      flowStep({ name: 'take-up', queue: takeUps, concurrency: 1, handle: () => this.takeUp() }),
    ];
  }

  get name(): string {
    return this.definition.name;
  }

  get role(): string {
    return this.definition.principalRole;
  }

  async begin(signal: AbortSignal): Promise<void> {
    if (await this.trainer.first(signal)) await this.takeUp();
  }

  async reconcile(slot: number, graceSeconds?: number): Promise<number> {
    const choice = await this.choice();
    if (choice.kind === 'classifier' || choice.kind === 'served-model') await this.offers.withdrawAll();
    else if (choice.kind === 'databricks-job') await this.#runs.tend(choice.jobId);
    return this.#reconciler.reconcile(slot, choice, graceSeconds);
  }

  /** Who recommends, as the table says now. */
  async choice(): Promise<RecommenderChoice> {
    const { body } = await this.#options.governed.read({
      principal: principalOf(this.definition),
      statement: recommenderQuery(this.definition),
      parameters: [],
    });
    return choiceOf(body === null ? null : (JSON.parse(body) as RecommenderRow));
  }

  /** A new model, or another recommender, may serve cases that waited: however young they are. */
  async takeUp(): Promise<void> {
    await this.reconcile(Date.now(), 0);
  }

  async #handOver(job: CaseJob, traceId: string, choice: RecommenderChoice): Promise<void> {
    await this.offers.offer(job, traceId);
    if (choice.kind === 'databricks-job') await this.#runs.start(choice.jobId);
    this.#bell.emit('offered');
  }

  async #recommend(job: Job<CaseJob>): Promise<void> {
    const { metrics, logger } = this.#options;
    const stop = metrics.duration.startTimer({ flow: this.name });
    const outcome = await this.#recommender.recommend(job.payload);
    metrics.outcomes.inc({ flow: this.name, outcome });
    stop();
    logger.debug({ flow: this.name, jobId: job.id, outcome }, 'case handled');
  }
}

/** A flow acts under its own name and role. */
export function principalOf({ name, principalRole }: ExceptionFlowDefinition): Principal {
  const subject = `flow:${name}`;
  return { subject, name, role: principalRole, amr: [], claims: { sub: subject, role: principalRole } };
}

/** A new case, as it happens: snapshot reads and updates mean nothing here (decisions.md 21). */
function jobOfFlag({ eventId, hop, key, value, publishedAt }: Change): CaseJob | null {
  return value.op === 'c' ? { caseId: typeof key['id'] === 'string' ? key['id'] : '', eventId, hop, publishedAt } : null;
}
