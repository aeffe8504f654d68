import type { ChangeLog } from '#libs/changelog/change-log';
import { Progress } from '../stitch/progress.ts';
import { readRecord, type TailRecord } from './tail-record.ts';
import type { Positioned, TopicTail } from './topic-tail.ts';

/** At most so many records are handed over at once. */
const CHUNK = 500;

/**
 * Reads a topic from `progress` up to where its tail stands. Who then finds that it is not behind, and listens to the tail without awaiting
 * anything in between, misses nothing and gets nothing twice. `progress` is moved along. `deliver` may wait for its reader.
 *
 * Throws a `position-lost` Failure when the log no longer holds what follows `progress`.
 */
export async function catchUp(
  changeLog: ChangeLog,
  tail: TopicTail,
  progress: Progress,
  deliver: (records: readonly Positioned[]) => Promise<void>,
): Promise<void> {
  for (let behind = partitionsBehind(tail, progress); behind.length > 0; behind = partitionsBehind(tail, progress)) {
    for (const partition of behind) {
      const target = tail.progress.next(partition);
      const held = tail.recent.since(partition, progress.next(partition));
      const source = held ?? fromLog(changeLog, tail.topic, partition, progress.next(partition));
      await copy({ source, target, partition, progress, deliver });
    }
  }
}

/** Whether the tail has read on since. */
export function isBehind(tail: TopicTail, progress: Progress): boolean {
  return partitionsBehind(tail, progress).length > 0;
}

function partitionsBehind(tail: TopicTail, progress: Progress): number[] {
  const all = Array.from({ length: tail.progress.partitions }, (_, partition) => partition);
  return all.filter((partition) => progress.next(partition) < tail.progress.next(partition));
}

async function* fromLog(changeLog: ChangeLog, topic: string, partition: number, from: bigint): AsyncGenerator<TailRecord> {
  for await (const raw of changeLog.read(topic, partition, from)) {
    yield readRecord(raw);
  }
}

interface Copy {
  source: Iterable<TailRecord> | AsyncIterable<TailRecord>;
  /** The offset to stop at. */
  target: bigint;
  partition: number;
  progress: Progress;
  deliver: (records: readonly Positioned[]) => Promise<void>;
}

async function copy({ source, target, partition, progress, deliver }: Copy): Promise<void> {
  let chunk: Positioned[] = [];
  for await (const record of source) {
    if (record.offset >= target) break;
    const known = record.kind === 'nothing' || (record.kind === 'change' && !progress.admit(partition, record.offset, record.id, record.keyText));
    progress.moveTo(partition, record.offset + 1n);
    if (!known) chunk.push({ record, position: progress.toText() });
    if (chunk.length < CHUNK) continue;
    await deliver(chunk);
    chunk = [];
  }
  progress.moveTo(partition, target);
  await deliver(chunk);
}
