import { fetchV12, ResponseError, type Connection } from './protocol.ts';
import type { StoredRecord } from '../change-log.ts';
import type { TopicPartition } from './cluster.ts';
import { decodeRecords } from './decode.ts';

export interface WantedPartition extends TopicPartition {
  position: bigint;
}

export interface FetchedPartition extends WantedPartition {
  /** Kafka's error code; 0 is success. */
  errorCode: number;
  records: readonly StoredRecord[];
  /** Everything below this offset was seen. */
  through: bigint;
}

type FetchResponse = Awaited<ReturnType<typeof fetchV12.api.async>>;

const MAX_BYTES = 8 * 1024 * 1024;
const PARTITION_BYTES = 1024 * 1024;
/** Our records are never transactional; the other level would wait for a fencing transaction to end. */
const READ_UNCOMMITTED = 0;

/** One fetch from a leader; answers at once when any partition has something, else after `maxWaitMs`. */
export async function fetchPartitions(connection: Connection, wanted: readonly WantedPartition[], maxWaitMs: number): Promise<FetchedPartition[]> {
  const byTopic = Map.groupBy(wanted, ({ topic }) => topic);
  const topics = [...byTopic].map(([topicId, partitions]) => ({
    topicId,
    partitions: partitions.map(({ partition, position }) => ({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: position,
      lastFetchedEpoch: -1,
      partitionMaxBytes: PARTITION_BYTES,
    })),
  }));
  const response = await fetchV12.api.async(connection, maxWaitMs, 1, MAX_BYTES, READ_UNCOMMITTED, 0, -1, topics, [], '').catch(answerWithin);
  return response.responses.flatMap(({ topicId: topic, partitions }) =>
    partitions.flatMap((answer) => {
      const position = byTopic.get(topic)?.find(({ partition }) => partition === answer.partitionIndex)?.position;
      if (position === undefined) return [];
      return [
        {
          topic,
          partition: answer.partitionIndex,
          position,
          errorCode: answer.errorCode,
          ...decodeRecords(answer.records, topic, answer.partitionIndex, position),
        },
      ];
    }),
  );
}

/** An answer with an error for one partition is thrown, with the whole answer inside. */
function answerWithin(error: unknown): FetchResponse {
  if (error instanceof ResponseError && error['response'] && (error['response'] as FetchResponse).errorCode === 0) return error['response'] as FetchResponse;
  throw error;
}
