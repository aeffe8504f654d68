import type { Admin } from 'kafkajs';
import { Failure } from '#libs/failure/failure';
import { retrying } from '#libs/runtime/backoff';
import { MAX_RECORD_BYTES, type TopicOptions } from '../change-log.ts';
import type { Cluster } from './cluster.ts';
import { CODE, hasCode, kafkaFailure } from './kafka-failure.ts';
import { topicBounds } from './offsets.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** The largest batch, and so the largest record, that a topic of ours takes, bytes: what encoding adds included. */
const MAX_MESSAGE_BYTES = MAX_RECORD_BYTES + 1024 * 1024;
const APPEARS_WITHIN_MS = 15_000;

/** Settings of a new topic: nothing that matters is left to the broker's defaults (decisions.md 19). */
export function topicConfig({ cleanup, retentionMs }: TopicOptions, replication: number): Record<string, string> {
  return {
    'cleanup.policy': cleanup,
    'retention.ms': String(cleanup === 'delete' && retentionMs !== null ? retentionMs : -1),
    'retention.bytes': '-1',
    // Only whole, closed segments are removed or compacted.
    'segment.ms': String(
      cleanup === 'delete' && retentionMs !== null
        ? Math.min(Math.max(Math.floor(retentionMs / 8), MINUTE_MS), DAY_MS)
        : cleanup === 'compact'
          ? 10 * MINUTE_MS
          : 7 * DAY_MS,
    ),
    'min.insync.replicas': replication >= 3 ? '2' : '1',
    'max.message.bytes': String(MAX_MESSAGE_BYTES),
    // The broker's clock, by which retention goes: a producer whose own jumped ahead would be refused, and one behind have its records removed at once.
    'message.timestamp.type': 'LogAppendTime',
    'compression.type': 'producer',
  };
}

/** Creates the topic, or checks its partition count; resolves when every partition has a leader. `admin` is asked for where there is something to create. */
export async function ensureKafkaTopic(admin: () => Promise<Admin>, cluster: Cluster, topic: string, options: TopicOptions): Promise<void> {
  const existing = (await cluster.refresh([topic])).get(topic);
  if (!existing) await create(await admin(), topic, options);
  const leaders = await retrying(() => ledEverywhere(cluster, topic), {
    initialMs: 5,
    maxMs: 100,
    signal: AbortSignal.timeout(APPEARS_WITHIN_MS),
    retryable: (error) => error instanceof Failure && error.kind === 'dependency-unavailable',
  });
  // A leader may learn a moment later than the metadata that it leads: this waits for it.
  await topicBounds(cluster, topic);
  if (leaders.length !== options.partitions) {
    throw new Failure('misconfigured', `topic ${topic} has ${leaders.length} partitions, ${options.partitions} are wanted: the count is fixed at creation`);
  }
}

async function create(admin: Admin, topic: string, options: TopicOptions): Promise<void> {
  try {
    const { brokers } = await admin.describeCluster();
    const replication = Math.min(3, brokers.length);
    const configEntries = Object.entries(topicConfig(options, replication)).map(([name, value]) => ({ name, value }));
    // False when another process was first: its count is checked next.
    await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: options.partitions, replicationFactor: replication, configEntries }] });
  } catch (error) {
    // The client drops the broker's own words.
    if (hasCode(error, CODE.invalidTopic))
      throw new Failure(
        'misconfigured',
        `Kafka takes no topic ${topic}: the name is longer than 249 characters, or another topic's differs from it only in dots and underscores`,
        { cause: error },
      );
    throw kafkaFailure(`creating topic ${topic}`, error);
  }
}

async function ledEverywhere(cluster: Cluster, topic: string): Promise<readonly number[]> {
  const leaders = (await cluster.refresh([topic])).get(topic) ?? [];
  if (leaders.length === 0 || leaders.includes(-1)) throw new Failure('dependency-unavailable', `topic ${topic} has no leader yet`);
  return leaders;
}
