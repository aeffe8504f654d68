import { deadLetterTopic } from '#contracts/topics/parked';
import { transactionTopic } from '#contracts/topics/transaction-event';
import type { ChangeLog } from '#libs/changelog/change-log';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';
import type { CdcConfig } from '../cdc-config.ts';
import type { TableId } from '../source/table-patterns.ts';
import { TopicRoutes } from './topic-routes.ts';

/**
 * Topics of the published tables. They are made before a table's first event: a subscriber that had to wait for its topic to appear would see that event a second
 * or two late.
 */
export class TableTopics {
  readonly #changeLog: ChangeLog;
  readonly #config: CdcConfig;
  readonly #routes: TopicRoutes;
  readonly #made = new Set<string>();

  constructor(changeLog: ChangeLog, config: CdcConfig) {
    this.#changeLog = changeLog;
    this.#config = config;
    this.#routes = new TopicRoutes({
      prefix: config.CDC_TOPIC_PREFIX,
      routes: config.CDC_TOPIC_ROUTES,
      partitions: config.CDC_TABLE_PARTITIONS,
      defaultCount: config.CDC_TOPIC_PARTITIONS,
    });
  }

  /** The topic of a table. */
  of(table: TableId): string {
    return this.#routes.of(table);
  }

  /** Makes the table's topic where it is missing. Throws `misconfigured` for one with another number of partitions. */
  async ensure(table: TableId): Promise<void> {
    const topic = this.of(table);
    if (this.#made.has(topic)) return;
    const { CDC_TOPIC_RETENTION_MS: retention } = this.#config;
    const partitions = this.#routes.partitions(table);
    try {
      await this.#changeLog.ensureTopic(topic, { partitions, cleanup: 'delete', retentionMs: retention < 0 ? null : retention });
    } catch (error) {
      const { kind, message, detail } = classify(error);
      if (kind !== 'misconfigured') throw error;
      const remedy = `give ${table.schema}.${table.name} another topic (CDC_TOPIC_ROUTES), or leave it out (CDC_TABLES_EXCLUDE)`;
      throw new Failure(kind, `${message}; ${remedy}`, { cause: error, detail });
    }
    this.#made.add(topic);
  }

  /** Makes the topics of no table that capture may write to: of parked changes, and of transactions. */
  async ensureOwn(): Promise<void> {
    const { CDC_TOPIC_PREFIX: prefix, CDC_DLQ_RETENTION_MS: letters, CDC_TOPIC_RETENTION_MS: retention } = this.#config;
    await this.#changeLog.ensureTopic(deadLetterTopic(prefix), { partitions: 1, cleanup: 'delete', retentionMs: letters < 0 ? null : letters });
    if (this.#config.CDC_TRANSACTION_METADATA)
      await this.#changeLog.ensureTopic(transactionTopic(prefix), { partitions: 1, cleanup: 'delete', retentionMs: retention < 0 ? null : retention });
  }

  /** Makes the topics of all these tables. */
  async ensureAll(tables: readonly TableId[]): Promise<void> {
    for (const table of tables) await this.ensure(table);
  }
}
