import type { ChangeValue } from '#contracts/topics/change-event';
import { HEADER } from '#contracts/topics/headers';
import { type JsonValue, parseJson } from '#contracts/topics/json';
import { topicName } from '#contracts/topics/topic-name';
import type { Batch, ChangeLog, StoredRecord, Subscription } from '#libs/changelog/change-log';
import type { Jobs, NewJob } from '#libs/jobs/jobs';
import type { Logger } from '#libs/runtime/logger';
import type { Change } from '../flows/flow.ts';
import type { FlowRegistry, Route } from '../flows/flow-registry.ts';

export interface ChangeConsumerOptions {
  changeLog: ChangeLog;
  jobs: Jobs;
  registry: FlowRegistry;
  topicPrefix: string;
  logger: Logger;
}

/** Consumer group of every workflow process. */
export const GROUP = 'workflow';

/**
 * Turns changes into jobs: one a change, under the event's id. Offsets are committed once the jobs are enqueued, so a crash repeats changes and the ids make
 * the repeats harmless. A record that can't be read becomes a job that its queue parks: the rest flow.
 */
export class ChangeConsumer {
  readonly #options: ChangeConsumerOptions;
  readonly #routes: ReadonlyMap<string, Route[]>;

  constructor(options: ChangeConsumerOptions) {
    const { registry, topicPrefix } = options;
    this.#options = options;
    this.#routes = Map.groupBy(registry.routes, ({ trigger }) => topicName(topicPrefix, trigger.table.schema, trigger.table.name));
  }

  get topics(): string[] {
    return [...this.#routes.keys()];
  }

  subscribe(): Promise<Subscription> {
    const { changeLog, logger } = this.#options;
    return changeLog.subscribe({
      group: GROUP,
      topics: this.topics,
      from: 'earliest',
      onBatch: (batch) => this.handle(batch),
      onFailure: (error) => logger.error({ err: error }, 'changes are not delivered'),
    });
  }

  async handle(batch: Batch): Promise<void> {
    const records = batch.records.filter((record) => record.value !== null);
    for (const route of this.#routes.get(batch.topic) ?? []) {
      const jobs = records.map((record) => jobOf(route, record)).filter((job) => job !== null);
      if (jobs.length > 0) await this.#options.jobs.enqueue<unknown>(route.step.queue, jobs);
    }
  }
}

function jobOf({ trigger }: Route, record: StoredRecord): NewJob<unknown> | null {
  const id = record.headers[HEADER.id] ?? `${record.topic}@${record.partition}/${record.offset}`;
  const parked = record.headers[HEADER.parked];
  if (parked !== undefined) return { id, payload: notReadable(record, `capture parked this change (${parked}): see its dead-letter topic`) };
  try {
    const payload = trigger.payloadOf(read(record, id));
    return payload && { id, payload };
  } catch (error) {
    const unreadable = error instanceof Error ? error.message : 'unreadable';
    return { id, payload: notReadable(record, unreadable) };
  }
}

/** What a queue parks. */
function notReadable({ topic, partition, offset }: StoredRecord, unreadable: string): unknown {
  return { unreadable, topic, partition, offset: String(offset) };
}

function read({ key, value, headers }: StoredRecord, eventId: string): Change {
  const change = parseJson(value?.toString('utf8') ?? '') as unknown as ChangeValue;
  return {
    eventId,
    hop: Number(headers[HEADER.hop] ?? 0),
    key: parseJson(key?.toString('utf8') ?? '{}') as { [column: string]: JsonValue },
    value: change,
    publishedAt: new Date(change.ts_ms).toISOString(),
  };
}
