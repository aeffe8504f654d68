import { expect } from '@jest/globals';
import type { JobQueue, Jobs } from './jobs.ts';

export interface Outage {
  jobs: Jobs;
  /** Takes the back end away. */
  kill(): Promise<void>;
  /** Brings it back with its data. */
  restart(): Promise<void>;
}

/** What happens to a queue with a worker when its back end goes and comes back: nothing is lost, and nobody has to act. */
export async function survivesAnOutage({ jobs, kill, restart }: Outage): Promise<void> {
  const queue: JobQueue<number> = { name: 'outage', schema: { parse: Number }, attempts: 3, backoffMs: 10 };
  const done = new Set<number>();
  const waiting: (() => void)[] = [];
  const until = (n: number): Promise<void> => new Promise((resolve) => (done.has(n) ? resolve() : waiting.push(() => done.has(n) && resolve())));
  await jobs.process(queue, async ({ payload }) => {
    done.add(payload);
    for (const look of waiting) look();
  });
  await jobs.enqueue(queue, [{ id: 'before', payload: 1 }]);
  await until(1);
  await jobs.enqueue(queue, [{ id: 'kept', payload: 2, delayMs: 3_000 }]);

  await kill();
  await expect(jobs.enqueue(queue, [{ id: 'refused', payload: 3 }])).rejects.toMatchObject({ kind: 'dependency-unavailable' });
  await expect(jobs.ping()).rejects.toMatchObject({ kind: 'dependency-unavailable' });
  await restart();

  for (let accepted = false; !accepted;) {
    accepted = await jobs.enqueue(queue, [{ id: 'after', payload: 4 }]).then(
      () => true,
      () => false,
    );
  }
  await Promise.all([until(2), until(4)]);
  await jobs.ping();
}
