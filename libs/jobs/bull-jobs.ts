import { type Job as BullJob, type JobsOptions, Queue, UnrecoverableError, Worker } from 'bullmq';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';
import { FAILURE_POLICY } from '#libs/failure/policy';
import type { Logger } from '#libs/runtime/logger';
import { failedReason, parseFailedReason } from './failed-reason.ts';
import { fromBullId, toBullId } from './job-id.ts';
import { type JobCounts, type JobHandler, type JobQueue, Jobs, type JobWorker, type NewJob, type ParkedJob, type Schedule } from './jobs.ts';

/** What a technology brings: how queues and workers reach it. */
export interface BullBackend {
  /** Resolves when it can be used; called before the first queue, again after it failed. */
  prepare(): Promise<void>;
  openQueue(name: string): Queue;
  openWorker(name: string, work: (job: BullJob) => Promise<void>, options: { concurrency: number; stalledInterval: number; lockDuration: number }): Worker;
  /** Runs `work` while no other process runs its own: two first upserts of a schedule at once would each leave a slot on Postgres. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Rejects when the back end does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface BullJobsOptions {
  logger: Logger;
  /** A job whose worker shows no life is given to another within this time, ms. Default 15,000; a third of it must be longer than the event loop ever stands still. */
  stalledMs?: number;
}

/** Completed ids are remembered so long (s) and so many: an event that comes again within that adds nothing. */
const KEEP_COMPLETED = { age: 24 * 3600, count: 50_000 };
/** What every worker is given: a job that takes its worker along so often is parked; a lost connection is tried again at once, not after BullMQ's 15 s. */
export const WORKER_DEFAULTS = { maxStalledCount: 25, runRetryDelay: 500 };
/** More parked jobs than these are not listed at once. */
const MOST_PARKED = 1_000;

/** The jobs port on BullMQ; the back end is Redis or Postgres. */
export class BullJobs extends Jobs {
  readonly #backend: BullBackend;
  readonly #logger: Logger;
  readonly #stalledMs: number;
  readonly #queues = new Map<string, Queue>();
  readonly #workers = new Map<string, Worker>();

  constructor(backend: BullBackend, { logger, stalledMs = 15_000 }: BullJobsOptions) {
    super();
    this.#backend = backend;
    this.#logger = logger;
    this.#stalledMs = stalledMs;
  }

  async enqueue<Payload>(queue: JobQueue<Payload>, jobs: readonly NewJob<Payload>[]): Promise<void> {
    if (jobs.length === 0) return;
    const added = jobs.map(({ id, payload, delayMs }) => ({
      name: queue.name,
      data: payload,
      opts: { ...optionsOf(queue), jobId: toBullId(id), ...(delayMs ? { delay: delayMs } : {}) },
    }));
    await this.#use(async () => (await this.#open(queue.name)).addBulk(added));
  }

  async process<Payload>(queue: JobQueue<Payload>, handler: JobHandler<Payload>, { concurrency = 1 }: { concurrency?: number } = {}): Promise<JobWorker> {
    if (this.#workers.has(queue.name)) throw new Failure('bug', `queue ${queue.name} has a worker in this process already`);
    await this.#use(() => this.#backend.prepare());
    // Redis takes whole milliseconds only.
    const third = Math.floor(this.#stalledMs / 3);
    const worker = this.#backend.openWorker(queue.name, (job) => this.#run(queue, handler, job), {
      concurrency,
      // A dead worker's lock ends within one; the first check after that takes note, the second gives the job away.
      lockDuration: third,
      stalledInterval: third,
    });
    worker.on('error', (error) => this.#logger.warn({ err: error, queue: queue.name }, 'the job queue does not answer; trying again'));
    this.#workers.set(queue.name, worker);
    return {
      drain: async () => {
        this.#workers.delete(queue.name);
        await worker.close();
      },
    };
  }

  async parked<Payload>(queue: JobQueue<Payload>): Promise<ParkedJob[]> {
    const failed = await this.#use(async () => (await this.#open(queue.name)).getFailed(0, MOST_PARKED - 1));
    return failed.map((job) => ({
      id: fromBullId(String(job.id)),
      payload: job.data as unknown,
      ...parseFailedReason(job.failedReason ?? ''),
      attempts: job.attemptsMade,
      parkedAt: new Date(job.finishedOn ?? job.timestamp).toISOString(),
    }));
  }

  async redrive<Payload>(queue: JobQueue<Payload>, id: string): Promise<boolean> {
    return this.#use(async () => {
      const known = await this.#open(queue.name);
      // A job that a schedule made has an id of BullMQ's own.
      const job = ((await known.getJob(toBullId(id))) ?? (await known.getJob(id))) as BullJob | undefined;
      if (!job || !(await job.isFailed())) return false;
      await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
      return true;
    });
  }

  async schedule<Payload>(queue: JobQueue<Payload>, { id, every, payload }: Schedule<Payload>): Promise<void> {
    const repeat = 'cron' in every ? { pattern: every.cron, tz: every.timeZone } : { every: every.ms };
    const upsert = async (): Promise<unknown> =>
      (await this.#open(queue.name)).upsertJobScheduler(id, repeat, { name: queue.name, data: payload, opts: optionsOf(queue) });
    await this.#use(async () => {
      await this.#backend.prepare();
      await this.#backend.exclusively(upsert);
    });
  }

  async unschedule<Payload>(queue: JobQueue<Payload>, id: string): Promise<void> {
    await this.#use(async () => (await this.#open(queue.name)).removeJobScheduler(id));
  }

  async counts<Payload>(queue: JobQueue<Payload>): Promise<JobCounts> {
    const counts = await this.#use(async () => (await this.#open(queue.name)).getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed'));
    const of = (state: string): number => counts[state] ?? 0;
    return { waiting: of('waiting') + of('prioritized'), active: of('active'), delayed: of('delayed'), parked: of('failed') };
  }

  async ping(): Promise<void> {
    await this.#use(() => this.#backend.ping());
  }

  async close(): Promise<void> {
    const workers = [...this.#workers.values()];
    this.#workers.clear();
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
    this.#queues.clear();
    await this.#backend.close();
  }

  /** Decode, call, and turn what was thrown into retry or park as libs/failure says. */
  async #run<Payload>(queue: JobQueue<Payload>, handler: JobHandler<Payload>, job: BullJob): Promise<void> {
    const id = fromBullId(String(job.id));
    const attempt = job.attemptsMade + 1;
    try {
      await handler({ id, payload: parsed(queue, job.data), attempt });
    } catch (error) {
      const failure = classify(error);
      const reason = failedReason(failure.kind, failure.message);
      const again = FAILURE_POLICY[failure.kind].reaction === 'retry' && attempt < queue.attempts;
      this.#logger[again ? 'warn' : 'error'](
        { err: failure, kind: failure.kind, queue: queue.name, job: id, attempt },
        again ? 'job failed, trying again' : 'job parked',
      );
      throw again ? new Error(reason, { cause: error }) : new UnrecoverableError(reason);
    }
  }

  async #open(name: string): Promise<Queue> {
    const known = this.#queues.get(name);
    if (known) return known;
    await this.#backend.prepare();
    const queue = this.#queues.get(name) ?? this.#backend.openQueue(name);
    if (!this.#queues.has(name)) {
      queue.on('error', (error) => this.#logger.debug({ err: error, queue: name }, 'the job queue does not answer'));
      this.#queues.set(name, queue);
    }
    return queue;
  }

  /** ioredis says in words, without a code, that its server is away. */
  async #use<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const failure = classify(error);
      if (!/^Connection is closed|^Command timed out|retries per request|Stream isn't writeable/.test(failure.message)) throw failure;
      throw new Failure('dependency-unavailable', `the job queue does not answer: ${failure.message}`, { cause: error });
    }
  }
}

function optionsOf<Payload>(queue: JobQueue<Payload>): JobsOptions {
  return { attempts: queue.attempts, backoff: { type: 'exponential', delay: queue.backoffMs }, removeOnComplete: KEEP_COMPLETED, removeOnFail: false };
}

function parsed<Payload>(queue: JobQueue<Payload>, data: unknown): Payload {
  try {
    return queue.schema.parse(data);
  } catch (cause) {
    throw new Failure('poison-record', `the payload is not what queue ${queue.name} takes`, { cause });
  }
}
