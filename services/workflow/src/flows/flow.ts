import type { JsonValue } from '#contracts/topics/json';
import type { ChangeValue } from '#contracts/topics/change-event';
import type { Job, JobQueue } from '#libs/jobs/jobs';
import type { TableName } from '#libs/postgres/identifiers';

/** Something that reacts to changes, in steps that run as jobs, and writes back as its own principal. */
export interface Flow {
  readonly name: string;
  /** Postgres role of its principal. */
  readonly role: string;
  /** Every table it reads or writes; they are there, and under audit, before it starts. */
  readonly tables: readonly TableName[];
  readonly triggers: readonly ChangeTrigger[];
  readonly steps: readonly FlowStep[];
  /** Work to be done before jobs are taken: a first model. Runs beside everything else. */
  begin?(signal: AbortSignal): Promise<void>;
  /** Ends work that is no job; at shutdown, before connections close. */
  end?(): Promise<void>;
  /** Derives from Postgres what ought to have been done and enqueues it again (architecture.md §6). Returns how many. */
  reconcile(slot: number): Promise<number>;
}

/** Which changes of a table become jobs of which step. */
export interface ChangeTrigger {
  readonly table: TableName;
  readonly step: string;
  /** The job's payload, or null when the change means nothing to the flow. */
  payloadOf(change: Change): object | null;
}

export interface Change {
  eventId: string;
  hop: number;
  key: { [column: string]: JsonValue };
  value: ChangeValue;
  /** ISO 8601. */
  publishedAt: string;
}

export interface FlowStep {
  readonly name: string;
  readonly queue: JobQueue<unknown>;
  readonly concurrency: number;
  handle(job: Job<unknown>): Promise<void>;
}

/** A step with its payload's type, checked once by the queue's schema. */
export function flowStep<Payload>(step: {
  name: string;
  queue: JobQueue<Payload>;
  concurrency: number;
  handle: (job: Job<Payload>) => Promise<void>;
}): FlowStep {
  return { ...step, handle: (job) => step.handle({ ...job, payload: step.queue.schema.parse(job.payload) }) };
}
