import type { Operation } from '#contracts/topics/change-event';
import type { Relation } from './relation.ts';

/** Headers of CloudEvents 1.0 in the binary mode of its Kafka binding: the envelope is the data. */
export class CloudEvents {
  readonly #source: string;

  constructor({ topicPrefix, database }: { topicPrefix: string; database: string }) {
    this.#source = `/lakeloop/${encodeURIComponent(topicPrefix)}/${encodeURIComponent(database)}`;
  }

  /** `commitTime`: µs since the epoch. */
  headers(id: string, op: Operation | 'p', { schema, table }: Relation, commitTime: bigint): Readonly<Record<string, string>> {
    return {
      ce_specversion: '1.0',
      ce_id: id,
      ce_source: this.#source,
      ce_type: `lakeloop.change.${op}`,
      ce_subject: `${schema}.${table}`,
      ce_time: new Date(Number(commitTime / 1000n)).toISOString(),
      'content-type': 'application/json',
    };
  }
}
