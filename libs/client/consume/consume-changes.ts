import type { EachBatchPayload, Kafka } from 'kafkajs';
import type { Inbox } from './inbox.ts';
import { type KafkaRecord, readTopicChange, type TopicChange } from './topic-change.ts';

export { Inbox, MemoryInbox } from './inbox.ts';
export { PostgresInbox } from './postgres-inbox.ts';
export type { TopicChange } from './topic-change.ts';

export interface ConsumeOptions<Row, Transaction> {
  /** kafkajs, as the caller has set it up: this library brings none of its own. */
  kafka: Kafka;
  /** Consumer group, and the inbox's name for who consumes. */
  groupId: string;
  /** `<prefix>.<schema>.<table>`, one or several of rows alike. */
  topics: readonly string[];
  inbox: Inbox<Transaction>;
  /**
   * Called once for each event, in the partition's order, never for two of a partition at a time. What it rejects with makes the event come again. `transaction`: the inbox's, so
   * that effect and note are one.
   */
  onChange: (change: TopicChange<Row>, transaction: Transaction) => Promise<void>;
  /** Told of a record that is no change event, which is then passed over. Absent: it is tried again for ever, and nothing behind it is delivered. */
  onUnreadable?: (record: KafkaRecord & { topic: string; partition: number }, error: unknown) => Promise<void>;
  /** Where a group without offsets begins. Default: at the beginning. */
  fromBeginning?: boolean;
}

export interface ChangeConsumer {
  /** Ends after the event in hand, its offset committed. */
  stop(): Promise<void>;
}

/** Consumes change topics, each event once. Resolves once the group is joined. */
export async function consumeChanges<Row = Record<string, unknown>, Transaction = void>(options: ConsumeOptions<Row, Transaction>): Promise<ChangeConsumer> {
  const consumer = options.kafka.consumer({ groupId: options.groupId });
  await consumer.connect();
  const joined = Promise.withResolvers<void>();
  consumer.on('consumer.group_join', () => joined.resolve());
  // A crash that kafkajs starts again after by itself (a coordinator that is loading) is none for the caller.
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) joined.reject(payload.error);
  });
  await consumer.subscribe({ topics: [...options.topics], fromBeginning: options.fromBeginning ?? true });
  await consumer.run({ eachBatchAutoResolve: false, eachBatch: (payload) => handle(payload, options) });
  await joined.promise;
  return { stop: () => consumer.disconnect() };
}

async function handle<Row, Transaction>(payload: EachBatchPayload, options: ConsumeOptions<Row, Transaction>): Promise<void> {
  const { batch, resolveOffset, heartbeat, isRunning, isStale, commitOffsetsIfNecessary } = payload;
  for (const record of batch.messages) {
    if (!isRunning() || isStale()) break;
    const change = await read(batch.topic, batch.partition, record, options);
    if (change) {
      const entry = { consumer: options.groupId, topic: batch.topic, partition: batch.partition, id: change.id };
      await options.inbox.once(entry, (transaction) => options.onChange(change, transaction));
    }
    resolveOffset(record.offset);
    await heartbeat();
  }
  await commitOffsetsIfNecessary();
}

async function read<Row, Transaction>(
  topic: string,
  partition: number,
  record: KafkaRecord,
  { onUnreadable }: ConsumeOptions<Row, Transaction>,
): Promise<TopicChange<Row> | null> {
  try {
    return readTopicChange<Row>(topic, partition, record);
  } catch (error) {
    if (!onUnreadable) throw error;
    await onUnreadable({ ...record, topic, partition }, error);
    return null;
  }
}
