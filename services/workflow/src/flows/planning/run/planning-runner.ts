import { classify } from '#libs/failure/classify';
import { FAILURE_POLICY } from '#libs/failure/policy';
import { backoffMs } from '#libs/runtime/backoff';
import type { Clock } from '#libs/runtime/clock';
import type { Logger } from '#libs/runtime/logger';
import { OVERLAP } from '../schedule/overlap.ts';
import { slotsBetween } from '../schedule/slots.ts';
import { type Debounce, nextOrder, readSchedules, skipped } from './next-order.ts';
import type { PlanningRuns, RunOrder, RunOutcome } from './planning-run.ts';
import { readTouched } from './read-inputs.ts';
import { withRunLock } from './run-lock.ts';

export interface PlanningRunnerOptions {
  runs: PlanningRuns;
  /** Of the service's login: for the run lock. */
  connectionString: string;
  debounce: Debounce;
  clock: Clock;
  logger: Logger;
}

/** How long to wait for another process's run to end. */
const BUSY_MS = 100;
const LOOK_AT_SCHEDULES_MS = 1_000;

/**
 * Turns what is to be done (requests, due slots, touched scopes: all rows) into runs, one after the other. `wake` says that there may be something; nothing else of this
 * process needs to be remembered, and several processes may do the same: the run lock decides whose turn it is.
 */
export class PlanningRunner {
  readonly #options: PlanningRunnerOptions;
  readonly #ending = new AbortController();
  #loop: Promise<void> | undefined;
  #again = false;
  #wakeAt: NodeJS.Timeout | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #current: AbortController | undefined;
  #failures = 0;
  #looked: number;

  constructor(options: PlanningRunnerOptions) {
    this.#options = options;
    this.#looked = options.clock.now();
  }

  start(): void {
    this.#ticker = setInterval(() => void this.#tick(), LOOK_AT_SCHEDULES_MS).unref();
    this.wake(0);
  }

  /** There may be something to run in `ms`: a touched scope by then has been left alone long enough. */
  wake(ms = this.#options.debounce.quietMs): void {
    if (this.#ending.signal.aborted) return;
    if (this.#loop) this.#again = true;
    this.#wakeAt ??= setTimeout(() => {
      this.#wakeAt = undefined;
      this.#turn();
    }, ms).unref();
  }

  /** Ends the run that is on without publishing it; its work is taken up again at the next start. */
  async end(): Promise<void> {
    this.#ending.abort(new Error('the service is stopping'));
    clearTimeout(this.#wakeAt);
    clearInterval(this.#ticker);
    this.#current?.abort(this.#ending.signal.reason);
    await this.#loop;
  }

  #turn(): void {
    if (this.#loop) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#loop = this.#drain()
      .then((waitMs) => {
        this.#loop = undefined;
        if (waitMs !== undefined || this.#again) this.wake(waitMs ?? this.#options.debounce.quietMs);
      })
      .catch((error: unknown) => {
        this.#loop = undefined;
        if (this.#ending.signal.aborted) return;
        this.#failures += 1;
        this.#options.logger.warn({ reason: classify(error).message }, 'planning can not go on yet; trying again');
        this.wake(backoffMs(this.#failures, { initialMs: 250, maxMs: 10_000 }));
      });
  }

  /** Everything there is to run. Returns when to look again, ms; undefined: when woken. */
  async #drain(): Promise<number | undefined> {
    const { connectionString, runs } = this.#options;
    const result = await withRunLock(connectionString, async () => {
      await runs.bury();
      for (;;) {
        if (this.#ending.signal.aborted) return undefined;
        const order = await this.#next();
        if (!order) return this.#waiting();
        const wait = await this.#run(order);
        if (wait !== undefined) return wait;
      }
    });
    return result === 'busy' ? BUSY_MS : result;
  }

  #next(): Promise<RunOrder | undefined> {
    const { runs, clock, debounce, logger } = this.#options;
    return runs.transaction('what is next', (client) => nextOrder(client, clock.now(), debounce, logger));
  }

  /** Scopes that are still being edited. */
  async #waiting(): Promise<number | undefined> {
    const { runs, debounce } = this.#options;
    const { waiting } = await runs.transaction('what waits', (client) => readTouched(client, debounce));
    return waiting > 0 ? Math.max(20, debounce.quietMs / 5) : undefined;
  }

  /** Returns how long to wait before the next, ms. A run that was cancelled has not failed: the slot that cancelled it is next. */
  async #run(order: RunOrder): Promise<number | undefined> {
    const controller = new AbortController();
    this.#current = controller;
    if (this.#ending.signal.aborted) controller.abort(this.#ending.signal.reason);
    try {
      const outcome = await this.#options.runs.run(order, controller.signal);
      this.#options.logger.info(
        { run: String(outcome.runId), cause: order.cause, status: outcome.status, version: outcome.version?.toString() ?? null },
        'planning run',
      );
      return controller.signal.aborted ? undefined : this.#afterwards(outcome);
    } finally {
      this.#current = undefined;
    }
  }

  /** A failed run is tried again where that can mend it, less and less often; where it can't, its touches wait for somebody's change. */
  #afterwards({ status, failure }: RunOutcome): number | undefined {
    if (status !== 'failed' || !failure) {
      this.#failures = 0;
      return undefined;
    }
    this.#failures += 1;
    const retry = FAILURE_POLICY[failure.kind].reaction === 'retry';
    return backoffMs(this.#failures, retry ? { initialMs: 250, maxMs: 10_000 } : { initialMs: 5_000, maxMs: 300_000 });
  }

  /** Slots that come due while a run is on, whoever's: the schedule's overlap policy decides. Else they are the next turn's. */
  async #tick(): Promise<void> {
    const { runs, clock, logger } = this.#options;
    const [from, now] = [this.#looked, clock.now()];
    this.#looked = Math.max(from, now);
    if (now <= from) return;
    try {
      const wake = await runs.transaction('look at schedules', async (client) => {
        const { rows } = await client.query<{ id: string }>("select id::text from planning.plan_runs where status = 'running'");
        const due = (await readSchedules(client)).flatMap((schedule) =>
          slotsBetween(schedule, Math.max(from, schedule.lastDone), now).map((slot) => ({ schedule, slot })),
        );
        for (const { schedule, slot } of due) {
          const decision = OVERLAP[schedule.overlap][rows.length > 0 ? 'running' : 'idle'];
          if (decision === 'skip') await skipped(client, schedule.name, slot, 'another run was on');
          if (decision !== 'cancel-running') continue;
          await client.query(`update planning.plan_runs set status = 'skipped', error = $1, finished_at = clock_timestamp() where status = 'running'`, [
            `cancelled by the next slot of ${schedule.name}`,
          ]);
          this.#current?.abort(new Error('cancelled by the next slot'));
        }
        return due.length > 0;
      });
      if (wake) this.wake(0);
    } catch (error) {
      this.#looked = from;
      if (!this.#ending.signal.aborted) logger.warn({ reason: classify(error).message }, 'schedules could not be looked at; next time');
    }
  }
}
