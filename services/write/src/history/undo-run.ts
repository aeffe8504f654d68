import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { UndoProgress, UndoReport } from '#contracts/http/history';

/** What an undo tells of itself while it goes on, and how it is stopped. */
export class UndoRun {
  readonly id = randomUUID();
  readonly startedAt = new Date();
  phase: UndoProgress['phase'] = 'plan';
  /** Rows that are written, of `total`: null until it is known. */
  rows = 0;
  total: number | null = null;
  /** Writes the end down where somebody looks for it, in the undo's own transaction; undefined while nobody was told where to look. */
  keepEnd: ((client: pg.ClientBase, report: UndoReport) => Promise<void>) | undefined;
  #closing = false;
  readonly #stopping = new AbortController();

  /** It ends now, whatever comes: nobody needs to be told where to look. */
  get closing(): boolean {
    return this.#closing;
  }

  /** From the start, once more where it has to be. */
  begin(): void {
    this.goOn('plan');
    this.rows = 0;
    this.total = null;
    this.#closing = false;
  }

  stop(reason: Error): void {
    this.#stopping.abort(reason);
  }

  /** Throws the reason where it was stopped. */
  goOn(phase?: UndoProgress['phase']): void {
    this.#stopping.signal.throwIfAborted();
    if (phase !== undefined) this.phase = phase;
  }

  async close(client: pg.ClientBase, report: UndoReport): Promise<void> {
    this.goOn();
    this.#closing = true;
    await this.keepEnd?.(client, report);
  }
}
