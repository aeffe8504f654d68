/**
 * Typed queues and schedules on BullMQ. Port; `redis/` and `postgres/` choose the back end, one conformance suite for both.
 *
 * Contract:
 * - `enqueue` with an id that the queue already knows (waiting, active, parked, or completed within the kept history) adds nothing.
 * - A handler that throws is treated as `libs/failure` says of what it threw: retry (with backoff, up to `attempts`), park at once, or park and report.
 *   A job out of attempts is parked with its id, payload, reason and failure kind. `redrive` puts it back under the same id.
 * - A job whose worker died is given to another worker within `stalledMs`; so a handler may see an id more than once.
 * - A schedule fires at most once per slot over all processes. Schedules are upserted by id.
 * - A payload that its schema refuses is parked, never handed to the handler.
 * - Queues are never the record (architecture.md §6): losing a whole queue loses no fact.
 */
export abstract class Jobs {
  abstract enqueue<Payload>(queue: JobQueue<Payload>, jobs: readonly NewJob<Payload>[]): Promise<void>;
  /** Starts a worker; the returned handle drains it (finishes running jobs, takes no new ones). One worker per queue and process. */
  abstract process<Payload>(queue: JobQueue<Payload>, handler: JobHandler<Payload>, options?: { concurrency?: number }): Promise<JobWorker>;
  abstract parked<Payload>(queue: JobQueue<Payload>): Promise<ParkedJob[]>;
  /** Puts a parked job back with its id and payload. False when no such job is parked. */
  abstract redrive<Payload>(queue: JobQueue<Payload>, id: string): Promise<boolean>;
  abstract schedule<Payload>(queue: JobQueue<Payload>, schedule: Schedule<Payload>): Promise<void>;
  abstract unschedule<Payload>(queue: JobQueue<Payload>, id: string): Promise<void>;
  abstract counts<Payload>(queue: JobQueue<Payload>): Promise<JobCounts>;
  abstract ping(): Promise<void>;
  abstract close(): Promise<void>;
}

/** A queue as a value: its name, what its payload is, and how it retries. */
export interface JobQueue<Payload> {
  readonly name: string;
  /** Throws when the payload is not valid. A zod schema fits. */
  readonly schema: { parse(value: unknown): Payload };
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /** First wait before a retry, ms; doubles each time. */
  readonly backoffMs: number;
}

export interface NewJob<Payload> {
  /** Dedup key; an event id where an event is the cause. */
  id: string;
  payload: Payload;
  delayMs?: number;
}

export interface Job<Payload> {
  id: string;
  payload: Payload;
  /** 1 for the first. */
  attempt: number;
}
export type JobHandler<Payload> = (job: Job<Payload>) => Promise<void>;

export interface JobWorker {
  drain(): Promise<void>;
}

export interface ParkedJob {
  id: string;
  payload: unknown;
  reason: string;
  /** libs/failure kind. */
  kind: string;
  attempts: number;
  /** ISO 8601. */
  parkedAt: string;
}

export interface Schedule<Payload> {
  id: string;
  /** Cron pattern (5 or 6 fields) with time zone, or a fixed period in ms. */
  every: { cron: string; timeZone: string } | { ms: number };
  payload: Payload;
}

export interface JobCounts {
  waiting: number;
  active: number;
  delayed: number;
  parked: number;
}
