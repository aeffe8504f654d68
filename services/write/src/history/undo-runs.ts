import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { UndoProgress, UndoReport } from '#contracts/http/history';
import type { Principal } from '#libs/governance/principal';
import { ProblemException, problemOf } from '#libs/runtime/http/problem';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { Logger } from '#libs/runtime/logger';
import { withSqlProblems } from '../sql-problem.ts';
import type { Undoable } from './undo-changes.ts';
import { UndoRun } from './undo-run.ts';
import { cancelRun, findRun, keepFailure, keepProgress, keepReport, keepRun, stopUndoing, wasCancelled } from './undo-store.ts';
import { undo, type UndoStand, type WriteAsked } from './undo.ts';

/** How often progress is written down, ms. */
const PROGRESS_MS = 500;
/** Undos of one process at once that nobody waits for: each holds a connection. */
const MOST_LONG = 4;

export interface UndoAsked extends Omit<WriteAsked, 'run'> {
  /** How long the caller waits for the end, ms. */
  waitMs: number;
}

/** Undos, and those of them that take longer than their caller waits: they go on, and can be looked at and cancelled by any process of the service. */
export class UndoRuns implements Lifecycle {
  readonly name = 'undo';
  readonly #stand: UndoStand;
  readonly #logger: Logger;
  readonly #running = new Map<UndoRun, Promise<unknown>>();
  #long = 0;

  constructor(stand: UndoStand, logger: Logger) {
    this.#stand = stand;
    this.#logger = logger;
  }

  run(): Promise<void> {
    return Promise.resolve();
  }

  /** What is under way is undone: the transaction is not kept. */
  async drain(): Promise<void> {
    const { pool } = this.#stand;
    for (const run of this.#running.keys()) {
      run.stop(new ProblemException(503, 'interrupted', 'the service stops; nothing was changed', { hint: 'Begin it again.' }));
      await stopUndoing(pool, run).catch((error: unknown) => this.#logger.warn({ err: error }, 'an undo could not be stopped'));
    }
    await Promise.allSettled(this.#running.values());
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  /** The report, or how far it is where that takes longer. */
  async begin(what: Undoable, { waitMs, ...asked }: UndoAsked): Promise<UndoReport | UndoProgress> {
    if (this.#long >= MOST_LONG)
      throw new ProblemException(429, 'too-many-undos', `${MOST_LONG} long undos are under way`, { hint: 'Try again when one of them has ended.' });
    const run = new UndoRun();
    const work = withSqlProblems(() => undo(this.#stand, what, { ...asked, run }));
    const ended = this.#hold(run, work);
    ended.catch(() => undefined);
    const waiting = new AbortController();
    const late = Symbol('late');
    const first = await Promise.race([ended, delay(waitMs, late, { signal: waiting.signal })]).finally(() => waiting.abort());
    if (first !== late) return first;
    return run.closing ? ended : this.#goOnAside(run, ended, { what, ...asked });
  }

  find(id: string, principal: Principal): Promise<UndoProgress> {
    return found(this.#stand.pool, id, principal);
  }

  async cancel(id: string, principal: Principal): Promise<UndoProgress> {
    await found(this.#stand.pool, id, principal);
    await cancelRun(this.#stand.pool, id, principal);
    return found(this.#stand.pool, id, principal);
  }

  async #goOnAside(run: UndoRun, ended: Promise<UndoReport>, about: Omit<UndoAsked, 'waitMs'> & { what: Undoable }): Promise<UndoProgress> {
    const { pool } = this.#stand;
    const kept = keepRun(pool, run, about);
    run.keepEnd = async (client, report) => {
      await kept;
      await keepReport(client, run, report);
    };
    this.#long += 1;
    const aside = this.#watch(run, ended, kept).finally(() => (this.#long -= 1));
    void this.#hold(run, aside);
    await kept;
    return found(pool, run.id, about.principal);
  }

  /** The process ends behind it: what is held last of a run counts. */
  #hold<T>(run: UndoRun, work: Promise<T>): Promise<T> {
    this.#running.set(run, work);
    return work.finally(() => {
      if (this.#running.get(run) === work) this.#running.delete(run);
    });
  }

  /** Until the end, which a dry run and a failure have no transaction to write down in. */
  async #watch(run: UndoRun, ended: Promise<UndoReport>, kept: Promise<void>): Promise<void> {
    const { pool } = this.#stand;
    const over = new AbortController();
    const telling = kept
      .then(() => this.#tell(run, over.signal))
      .catch((error: unknown) => this.#logger.warn({ err: error }, 'the progress of an undo is not kept'));
    try {
      const report = await ended;
      await kept;
      // A trial has no transaction to write its end down in.
      if (!report.applied || report.rows === 0) await keepReport(pool, run, report);
    } catch (error) {
      const problem = problemOf(error);
      if (problem.status === 500) this.#logger.error({ err: error }, 'an undo failed');
      await keepFailure(pool, run, problem).catch((failure: unknown) => this.#logger.warn({ err: failure }, 'the end of an undo is not kept'));
    } finally {
      over.abort();
      await telling;
    }
  }

  async #tell(run: UndoRun, over: AbortSignal): Promise<void> {
    while (!over.aborted && !run.closing) {
      const goesOn = await keepProgress(this.#stand.pool, run);
      if (!goesOn) run.stop(wasCancelled());
      await delay(PROGRESS_MS, undefined, { signal: over, ref: false }).catch(() => undefined);
    }
  }
}

async function found(pool: pg.Pool, id: string, principal: Principal): Promise<UndoProgress> {
  const run = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? await findRun(pool, id, principal) : undefined;
  if (run) return run;
  throw new ProblemException(404, 'unknown-undo', 'you have begun no such undo, or had its report at once');
}
