import type { ChangeRecord } from './change-record.ts';
import type { Relation } from './relation.ts';

/** How far the count was, to go back to. */
export interface Mark {
  total: number;
  counts: ReadonlyMap<string, number>;
  begun: boolean;
}

/**
 * Debezium's transaction metadata: each event's place in its transaction, and an event at its begin and end in a topic of its own. Counted are published events
 * alone, those included that were out before this session, so that a place is the same at every redelivery. The id is `<xid>:<commit LSN>` throughout, where
 * Debezium's changes from event to event.
 */
export class TransactionMetadata {
  readonly #topic: string;
  readonly #id: string;
  readonly #tsMs: bigint;
  #counts = new Map<string, number>();
  #total = 0;
  #begun = false;

  constructor(topic: string, { xid, commitLsn, commitTime }: { xid: number; commitLsn: bigint; commitTime: bigint }) {
    this.#topic = topic;
    this.#id = `${xid}:${commitLsn}`;
    this.#tsMs = commitTime / 1000n;
  }

  /** Takes the next place: `transaction` of the envelope, JSON text. `out`: where the event goes; null for one that is out already. */
  next({ schema, table }: Relation, out: ChangeRecord[] | null): string {
    if (!this.#begun && out) out.push(this.#record(`"status":"BEGIN","id":"${this.#id}","ts_ms":${this.#tsMs},"event_count":null,"data_collections":null`));
    this.#begun = true;
    const name = `${schema}.${table}`;
    const inTable = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, inTable);
    this.#total += 1;
    return `{"id":"${this.#id}","total_order":${this.#total},"data_collection_order":${inTable}}`;
  }

  /** Null for a transaction without published events. */
  end(): ChangeRecord | null {
    if (this.#total === 0) return null;
    const tables = [...this.#counts].map(([name, count]) => `{"data_collection":${JSON.stringify(name)},"event_count":${count}}`);
    return this.#record(`"status":"END","id":"${this.#id}","ts_ms":${this.#tsMs},"event_count":${this.#total},"data_collections":[${tables.join(',')}]`);
  }

  mark(): Mark {
    return { total: this.#total, counts: new Map(this.#counts), begun: this.#begun };
  }

  restore({ total, counts, begun }: Mark): void {
    this.#total = total;
    this.#counts = new Map(counts);
    this.#begun = begun;
  }

  #record(members: string): ChangeRecord {
    return { topic: this.#topic, key: Buffer.from(`{"id":"${this.#id}"}`), value: Buffer.from(`{${members}}`), headers: {} };
  }
}
