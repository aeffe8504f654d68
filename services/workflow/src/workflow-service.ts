import { classify } from '#libs/failure/classify';
import { FAILURE_POLICY } from '#libs/failure/policy';
import type { Subscription } from '#libs/changelog/change-log';
import type { Jobs, JobWorker } from '#libs/jobs/jobs';
import { retrying } from '#libs/runtime/backoff';
import type { Clock } from '#libs/runtime/clock';
import type { Readiness } from '#libs/runtime/health';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { Logger } from '#libs/runtime/logger';
import type { ChangeConsumer } from './consume/change-consumer.ts';
import type { FlowRegistry } from './flows/flow-registry.ts';

export interface WorkflowServiceOptions {
  registry: FlowRegistry;
  consumer: ChangeConsumer;
  jobs: Jobs;
  /** Installs and verifies what the flows need; safe to repeat. */
  prepare: () => Promise<void>;
  reconcileMs: number;
  clock: Clock;
  logger: Logger;
}

/** Prepares, then takes jobs, then changes; looks for lost work at start and on a schedule of its own (not the queue's: that may be what was lost). */
export class WorkflowService implements Lifecycle {
  readonly name = 'workflow';
  readonly #options: WorkflowServiceOptions;
  readonly #ending = new AbortController();
  readonly #workers: JobWorker[] = [];
  readonly #beside: Promise<void>[] = [];
  readonly #remaining: { what: string; work: () => Promise<void> }[];
  #subscription: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  #readiness: Readiness = { ready: false, detail: 'starting' };

  constructor(options: WorkflowServiceOptions) {
    this.#options = options;
    const { registry, jobs, consumer } = options;
    const steps = registry.flows.flatMap((flow) => flow.steps);
    this.#remaining = [
      { what: 'flows', work: options.prepare },
      ...steps.map((step) => ({
        what: `queue ${step.queue.name}`,
        work: async () => void this.#workers.push(await jobs.process(step.queue, (job) => step.handle(job), { concurrency: step.concurrency })),
      })),
      { what: 'changes', work: async () => void (this.#subscription = await consumer.subscribe()) },
    ];
  }

  readiness(): Readiness {
    return this.#readiness;
  }

  /** What a retry can't mend is thrown: the service refuses to start. What it can is tried again beside. */
  async run(): Promise<void> {
    try {
      await this.#advance();
      this.#started();
    } catch (error) {
      if (!retryable(error)) throw classify(error);
      this.#blocked(error);
      this.#alongside('start', async () => {
        await retrying(() => this.#advance(), { initialMs: 500, retryable, signal: this.#ending.signal, onRetry: (cause) => this.#blocked(cause) });
        this.#started();
      });
    }
  }

  async drain(): Promise<void> {
    this.#ending.abort(new Error('the service is stopping'));
    clearInterval(this.#timer);
    await this.#subscription?.close();
    await Promise.all(this.#workers.map((worker) => worker.drain()));
    for (const flow of this.#options.registry.flows) await flow.end?.();
    await Promise.all(this.#beside);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  /** Enqueues what was lost, of every flow. */
  async reconcile(): Promise<void> {
    const { registry, clock, reconcileMs, logger } = this.#options;
    const slot = Math.floor(clock.now() / reconcileMs);
    for (const flow of registry.flows) {
      try {
        const found = await flow.reconcile(slot);
        if (found > 0) logger.info({ flow: flow.name, cases: found }, 'waiting cases taken up again');
      } catch (error) {
        logger.warn({ err: error, flow: flow.name }, 'lost work could not be looked for; next time');
      }
    }
  }

  /** Each part once, in order; a repeat goes on where it stopped. */
  async #advance(): Promise<void> {
    for (let next = this.#remaining[0]; next; next = this.#remaining[0]) {
      this.#ending.signal.throwIfAborted();
      await next.work();
      this.#remaining.shift();
    }
  }

  #started(): void {
    const { registry, reconcileMs, logger } = this.#options;
    this.#readiness = { ready: true };
    this.#timer = setInterval(() => this.#alongside('reconcile', () => this.reconcile()), reconcileMs).unref();
    this.#alongside('reconcile', () => this.reconcile());
    for (const flow of registry.flows) {
      this.#alongside(`first model of ${flow.name}`, () =>
        retrying(async () => flow.begin?.(this.#ending.signal), {
          retryable,
          signal: this.#ending.signal,
          onRetry: (error) => logger.warn({ err: error, flow: flow.name }, 'the flow could not begin; trying again'),
        }),
      );
    }
    logger.info({ flows: registry.flows.map(({ name }) => name) }, 'flows at work');
  }

  #blocked(error: unknown): void {
    const failure = classify(error);
    const what = this.#remaining[0]?.what ?? 'start';
    this.#readiness = { ready: false, detail: `${what}: ${failure.message}` };
    this.#options.logger.warn({ what, reason: failure.message, hint: FAILURE_POLICY[failure.kind].hint }, 'can not start yet; trying again');
  }

  #alongside(what: string, work: () => Promise<void>): void {
    const running = work().catch((error: unknown) => {
      if (this.#ending.signal.aborted) return;
      this.#options.logger.error({ err: error, what }, 'work beside the flows failed');
      if (what === 'start') this.#readiness = { ready: false, detail: classify(error).message };
    });
    this.#beside.push(running);
    void running.finally(() => this.#beside.splice(this.#beside.indexOf(running), 1));
  }
}

function retryable(error: unknown): boolean {
  return FAILURE_POLICY[classify(error).kind].reaction === 'retry';
}
