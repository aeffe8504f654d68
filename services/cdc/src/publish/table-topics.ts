import type pg from 'pg';
import { deadLetterTopic } from '#contracts/topics/parked';
import { topicName } from '#contracts/topics/topic-name';
import type { ChangeLog } from '#libs/changelog/change-log';
import { publishedTables } from '#libs/postgres/replication/publication';
import type { CdcConfig } from '../cdc-config.ts';
import type { TablePatterns } from '../source/table-patterns.ts';

/**
 * Topics of the published tables. They are made before a table's first event: a subscriber that had to wait for its topic to appear would see that event a second
 * or two late.
 */
export class TableTopics {
  readonly #changeLog: ChangeLog;
  readonly #config: CdcConfig;
  readonly #made = new Set<string>();

  constructor(changeLog: ChangeLog, config: CdcConfig) {
    this.#changeLog = changeLog;
    this.#config = config;
  }

  /** Makes the topic where it is missing. Throws `misconfigured` for one with another number of partitions. */
  async ensure(topic: string): Promise<void> {
    if (this.#made.has(topic)) return;
    const { CDC_TOPIC_PARTITIONS: partitions, CDC_TOPIC_RETENTION_MS: retention } = this.#config;
    await this.#changeLog.ensureTopic(topic, { partitions, cleanup: 'delete', retentionMs: retention < 0 ? null : retention });
    this.#made.add(topic);
  }

  /** Makes the dead-letter topic, before anything may have to be parked. */
  async ensureDeadLetters(): Promise<void> {
    const { CDC_TOPIC_PREFIX: prefix, CDC_DLQ_RETENTION_MS: retention } = this.#config;
    await this.#changeLog.ensureTopic(deadLetterTopic(prefix), { partitions: 1, cleanup: 'delete', retentionMs: retention < 0 ? null : retention });
  }

  /** Makes the topics of all tables that the publication has now. */
  async ensurePublished(pool: pg.Pool, patterns: TablePatterns): Promise<void> {
    const tables = await publishedTables(pool, this.#config.CDC_PUBLICATION);
    for (const { schema, name } of tables.filter((table) => patterns.matches(table))) await this.ensure(topicName(this.#config.CDC_TOPIC_PREFIX, schema, name));
  }
}
