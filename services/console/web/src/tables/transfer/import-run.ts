import type { ImportReport } from '#contracts/http/imports';
import { ApiError } from '../../api/api-error.ts';
import type { Feed } from './feed-import.ts';
import { Store } from '../../live/store.ts';

export interface RunView {
  /** `waiting`: the connection broke, and it goes on in a moment; `refused`: it can't go on, `error` says why; `left`: the person gave it up. */
  state: 'sending' | 'waiting' | 'complete' | 'failed' | 'refused' | 'left';
  /** Bytes of the file that are sent. */
  sent: number;
  size: number;
  /** As the service last told. */
  report: ImportReport;
  error: unknown;
}

export interface RunParts {
  fetchReport: (id: string) => Promise<ImportReport>;
  feed: (feed: Feed) => Promise<void>;
  /** Resolves after so long, or as soon as the signal says so. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** An import on its way: sends the file, and goes on where the service stands whenever the connection breaks, until it is through or given up. */
export class ImportRun extends Store<RunView> {
  readonly #parts: RunParts;
  readonly #file: Blob;
  readonly #leave = new AbortController();
  #hurry = new AbortController();

  constructor(parts: RunParts, file: Blob, report: ImportReport) {
    super({ state: 'sending', sent: report.offset, size: file.size, report, error: undefined });
    this.#parts = parts;
    this.#file = file;
  }

  /** Goes on at once instead of waiting. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** Gives it up; what is committed stays. */
  leave(): void {
    this.#leave.abort();
    this.#hurry.abort();
    this.#publish({ state: 'left' });
  }

  /** How far the service is, for whoever looks. */
  async look(): Promise<void> {
    const report = await this.#parts.fetchReport(this.view().report.id);
    if (this.view().state === 'sending') this.#publish({ report });
  }

  /** Resolves with the last view; never throws. */
  async run(): Promise<RunView> {
    for (let pause = FIRST_WAIT_MS; !this.#leave.signal.aborted; pause = Math.min(LONGEST_WAIT_MS, pause * 2)) {
      const before = this.view().report.offset;
      const ended = await this.#once();
      if (ended) break;
      if (this.view().report.offset > before) pause = FIRST_WAIT_MS;
      this.#hurry = new AbortController();
      if (!this.#leave.signal.aborted) await this.#parts.wait(pause, this.#hurry.signal);
    }
    return this.view();
  }

  /** One attempt, from where the service stands. True when there is nothing more to do. */
  async #once(): Promise<boolean> {
    const { id } = this.view().report;
    try {
      const standing = await this.#parts.fetchReport(id);
      if (this.#settle(standing)) return true;
      this.#publish({ state: 'sending', report: standing, sent: standing.offset, error: undefined });
      const onSent = (sent: number): void => this.#publish({ sent });
      await this.#parts.feed({ id, file: this.#file, offset: standing.offset, onSent, signal: this.#leave.signal });
      return this.#settle(await this.#parts.fetchReport(id));
    } catch (error) {
      if (this.#leave.signal.aborted) return true;
      return this.#ended(error);
    }
  }

  async #ended(error: unknown): Promise<boolean> {
    if (mayPass(error)) {
      this.#publish({ state: 'waiting', error });
      return false;
    }
    // Refused lines are in the report; anything else is the reason itself.
    const report = await this.#lastReport();
    this.#publish({ state: report.state === 'failed' ? 'failed' : 'refused', report, error });
    return true;
  }

  async #lastReport(): Promise<ImportReport> {
    try {
      return await this.#parts.fetchReport(this.view().report.id);
    } catch {
      return this.view().report;
    }
  }

  #settle(report: ImportReport): boolean {
    if (report.state === 'open') return false;
    this.#publish({ state: report.state, report, sent: report.state === 'complete' ? this.view().size : this.view().sent, error: undefined });
    return true;
  }

  #publish(change: Partial<RunView>): void {
    if (this.view().state === 'left') return;
    this.show({ ...this.view(), ...change });
  }
}

/** No answer, a service that is ill, or one that has not noticed yet that the last connection is gone. */
function mayPass(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500 || error.status === 408 || error.status === 409);
}
