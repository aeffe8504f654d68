import { Failure } from '#libs/failure/failure';
import type { PartitionBounds, SubscribeOptions } from '../change-log.ts';

/** Where a reader without a group starts in a partition. Throws `position-lost` when that offset is not there. A partition it does not name starts at the oldest record. */
export function startOf(topic: string, { partition, earliest, next }: PartitionBounds, from: SubscribeOptions['from']): bigint {
  if (from === 'latest') return next;
  const named = from === 'earliest' ? undefined : from.find((position) => position.topic === topic && position.partition === partition);
  if (!named) return earliest;
  return checkKept(topic, { partition, earliest, next }, named.offset);
}

/** The offset itself; throws `position-lost` when it lies outside what is kept. */
export function checkKept(topic: string, { partition, earliest, next }: PartitionBounds, offset: bigint): bigint {
  if (offset >= earliest && offset <= next) return offset;
  const detail = { topic, partition, position: Number(offset), earliest: Number(earliest), next: Number(next) };
  throw new Failure('position-lost', `${topic}/${partition}: offset ${offset} is not kept (${earliest} to ${next} are)`, { detail });
}
