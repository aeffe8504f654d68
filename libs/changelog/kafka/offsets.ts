import { listOffsetsV6, offsetCommitV8, offsetFetchV8 } from './protocol.ts';
import { Failure } from '#libs/failure/failure';
import { retrying } from '#libs/runtime/backoff';
import type { PartitionBounds } from '../change-log.ts';
import { COORDINATOR, type Cluster, type TopicPartition } from './cluster.ts';
import { CODE, hasCode } from './kafka-failure.ts';

const EARLIEST = -2n;
const LATEST = -1n;
const LANE = 'metadata';

const GIVE_UP_MS = 10_000;
/** Answers of a broker that has not heard yet of what another has just decided. */
const SETTLING = [
  CODE.notLeader,
  CODE.leaderNotAvailable,
  CODE.unknownTopicOrPartition,
  CODE.coordinatorLoading,
  CODE.coordinatorNotAvailable,
  CODE.notCoordinator,
];

/** Oldest kept and next offset of every partition of a topic; empty when it does not exist. Transaction markers take offsets too. */
export function topicBounds(cluster: Cluster, topic: string): Promise<PartitionBounds[]> {
  return settled(async () => {
    const leaders = (await cluster.refresh([topic])).get(topic);
    if (!leaders) return [];
    const byLeader = Map.groupBy([...leaders.keys()], (partition) => leaders[partition]!);
    const found = await Promise.all([...byLeader].map(([leader, partitions]) => boundsAt(cluster, leader, topic, partitions)));
    return found.flat().toSorted((a, b) => a.partition - b.partition);
  });
}

async function boundsAt(cluster: Cluster, leader: number, topic: string, partitions: readonly number[]): Promise<PartitionBounds[]> {
  if (leader < 0) throw new Failure('dependency-unavailable', `topic ${topic} has no leader`);
  const [earliest, next] = await Promise.all([EARLIEST, LATEST].map((timestamp) => listOffsets(cluster, leader, topic, partitions, timestamp)));
  return partitions.map((partition) => ({ partition, earliest: earliest!.get(partition)!, next: next!.get(partition)! }));
}

async function listOffsets(cluster: Cluster, leader: number, topic: string, partitions: readonly number[], timestamp: bigint): Promise<Map<number, bigint>> {
  const wanted = [{ name: topic, partitions: partitions.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp })) }];
  const { topics } = await listOffsetsV6.api.async(await cluster.connection(leader, LANE), -1, 0, wanted);
  return new Map(topics[0]?.partitions.map(({ partitionIndex, offset }) => [partitionIndex, offset]));
}

/** Next offset of a group in each of `partitions`; null where it has none. */
export function committedOffsets(cluster: Cluster, group: string, topic: string, partitions: number): Promise<(bigint | null)[]> {
  return settled(async () => {
    const node = await cluster.coordinator(COORDINATOR.group, group);
    const indexes = Array.from({ length: partitions }, (_, index) => index);
    const wanted = [{ groupId: group, memberEpoch: -1, topics: [{ name: topic, partitionIndexes: indexes }] }];
    const { groups } = await offsetFetchV8.api.async(await cluster.connection(node, LANE), wanted, false);
    const found = new Map(groups[0]?.topics[0]?.partitions.map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]));
    return indexes.map((index) => ((found.get(index) ?? -1n) < 0n ? null : found.get(index)!));
  });
}

/** Commits offsets for a group without members. Rejects when it has some: then they decide. */
export function commitForEmptyGroup(cluster: Cluster, group: string, positions: readonly (TopicPartition & { offset: bigint })[]): Promise<void> {
  const topics = [...Map.groupBy(positions, ({ topic }) => topic)].map(([name, partitions]) => ({
    name,
    partitions: partitions.map(({ partition, offset }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: -1,
      committedMetadata: '',
    })),
  }));
  return settled(async () => {
    const node = await cluster.coordinator(COORDINATOR.group, group);
    await offsetCommitV8.api.async(await cluster.connection(node, LANE), group, -1, '', null, topics);
  });
}

/** Tries again while the cluster settles; a broker that is away is the caller's business. */
function settled<T>(work: () => Promise<T>): Promise<T> {
  const retryable = (error: unknown): boolean =>
    SETTLING.some((code) => hasCode(error, code)) || (error instanceof Failure && /has no leader/.test(error.message));
  return retrying(work, { initialMs: 5, maxMs: 200, retryable, signal: AbortSignal.timeout(GIVE_UP_MS) });
}
