import type { Progress } from '../stitch/progress.ts';
import { holds, type Stitch } from '../stitch/stitch.ts';
import type { TopicTail } from './topic-tail.ts';

/**
 * Where a subscriber with this snapshot starts. That is `before`, where the tail stood before the snapshot was taken, except that an
 * event can be in the log before its transaction is visible (a commit that waits for its synchronous standby, decisions.md 20): then it starts at the first such event.
 */
export function rewound(tail: TopicTail, before: Progress, stitch: Stitch): Progress {
  const start = before.copy();
  for (let partition = 0; partition < before.partitions; partition += 1) {
    const early = tail.recent.held(partition).find((record) => record.kind === 'change' && record.offset < before.next(partition) && !holds(stitch, record));
    if (early) start.rewind(partition, early.offset);
  }
  return start;
}
