import { transactionTopic } from '#contracts/topics/transaction-event';
import { topicName } from '#contracts/topics/topic-name';
import { Failure } from '#libs/failure/failure';
import { assignment, matchesTable, type TablePattern, tablePattern } from '../change/pattern.ts';

interface Table {
  schema: string;
  name: string;
}

/** Which topic a table has, and with how many partitions. */
export class TopicRoutes {
  readonly #prefix: string;
  readonly #routes: readonly { pattern: TablePattern; topic: string }[];
  readonly #partitions: readonly { pattern: TablePattern; count: number }[];
  readonly #defaultCount: number;

  /** `routes` and `partitions`: `schema.table=value`; the first that matches counts. Throws a `misconfigured` Failure on what is none. */
  constructor({
    prefix,
    routes,
    partitions,
    defaultCount,
  }: {
    prefix: string;
    routes: readonly string[];
    partitions: readonly string[];
    defaultCount: number;
  }) {
    this.#prefix = prefix;
    this.#defaultCount = defaultCount;
    this.#routes = routes.map((item) => {
      const [pattern, topic] = assignment(item, 'CDC_TOPIC_ROUTES');
      if (!/^[A-Za-z0-9._-]{1,249}$/.test(topic)) throw new Failure('misconfigured', `CDC_TOPIC_ROUTES: ${JSON.stringify(topic)} is no name of a topic`);
      if (topic.startsWith(`${prefix}.__`) || topic === transactionTopic(prefix))
        throw new Failure('misconfigured', `CDC_TOPIC_ROUTES: ${topic} is a topic of capture's own`);
      return { pattern: tablePattern(pattern, 'CDC_TOPIC_ROUTES'), topic };
    });
    this.#partitions = partitions.map((item) => {
      const [pattern, count] = assignment(item, 'CDC_TABLE_PARTITIONS');
      if (!/^[1-9]\d{0,4}$/.test(count)) throw new Failure('misconfigured', 'CDC_TABLE_PARTITIONS: a count is a whole number from 1 on');
      return { pattern: tablePattern(pattern, 'CDC_TABLE_PARTITIONS'), count: Number(count) };
    });
  }

  of(table: Table): string {
    return this.#routes.find(({ pattern }) => matchesTable(pattern, table))?.topic ?? topicName(this.#prefix, table.schema, table.name);
  }

  partitions(table: Table): number {
    return this.#partitions.find(({ pattern }) => matchesTable(pattern, table))?.count ?? this.#defaultCount;
  }
}
