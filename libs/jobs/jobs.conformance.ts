import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from '@jest/globals';
import { Failure } from '#libs/failure/failure';
import type { JobQueue, Jobs } from './jobs.ts';

export interface JobsUnderTest {
  /** What a process of its own needs to reach the same back end: `redis` or `postgres`, and its URL. */
  readonly reach: readonly [kind: 'redis' | 'postgres', url: string];
  /** Another instance on the same back end, as another process would have it; `stalledMs` as given. */
  open(options?: { stalledMs?: number }): Jobs;
  /** A queue name that no other test has. */
  name(): string;
}

interface Task {
  n: number;
}

const schema = {
  parse(value: unknown): Task {
    if (typeof value === 'object' && value !== null && 'n' in value && typeof value.n === 'number') return { n: value.n };
    throw new TypeError('not a task');
  },
};

/** Every sentence of the contract in jobs.ts, for each back end. */
export function jobsConformance(start: () => JobsUnderTest): void {
  const opened: Jobs[] = [];
  const open = (options?: { stalledMs?: number }): Jobs => {
    const jobs = start().open(options);
    opened.push(jobs);
    return jobs;
  };
  const queueOf = (over: Partial<JobQueue<Task>> = {}): JobQueue<Task> => ({ name: start().name(), schema, attempts: 3, backoffMs: 10, ...over });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((jobs) => jobs.close()));
  });

  /** A handler that journals, and a promise of the nth call. */
  const journal = (work: (task: Task, attempt: number) => void | Promise<void> = () => undefined) => {
    const calls: { id: string; n: number; attempt: number }[] = [];
    const waiting: { count: number; resolve: () => void }[] = [];
    const handler = async (job: { id: string; payload: Task; attempt: number }): Promise<void> => {
      calls.push({ id: job.id, n: job.payload.n, attempt: job.attempt });
      for (const wait of waiting) if (calls.length >= wait.count) wait.resolve();
      await work(job.payload, job.attempt);
    };
    const reached = (count: number): Promise<void> => new Promise((resolve) => (calls.length >= count ? resolve() : waiting.push({ count, resolve })));
    return { calls, handler, reached };
  };
  const untilCounts = async (jobs: Jobs, queue: JobQueue<Task>, wanted: Partial<Awaited<ReturnType<Jobs['counts']>>>): Promise<void> => {
    for (;;) {
      const counts = await jobs.counts(queue);
      if (Object.entries(wanted).every(([state, count]) => counts[state as keyof typeof counts] === count)) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  it('hands each job to the handler with its id and payload, once', async () => {
    const [jobs, queue, seen] = [open(), queueOf(), journal()];
    const id = '7301234567890123456:1:000000000000A1B0:3';
    await jobs.process(queue, seen.handler);
    await jobs.enqueue(queue, [
      { id, payload: { n: 1 } },
      { id: '17', payload: { n: 2 } },
    ]);
    await seen.reached(2);
    expect(seen.calls).toEqual([
      { id, n: 1, attempt: 1 },
      { id: '17', n: 2, attempt: 1 },
    ]);
  });

  it('adds nothing for an id that is known: waiting, completed or parked', async () => {
    const [jobs, queue] = [open(), queueOf({ attempts: 1 })];
    const seen = journal(({ n }) => (n === 2 ? Promise.reject(new Failure('poison-record', 'bad')) : undefined));
    await jobs.enqueue(queue, [{ id: 'a', payload: { n: 1 } }]);
    await jobs.enqueue(queue, [{ id: 'a', payload: { n: 9 } }]);
    await jobs.process(queue, seen.handler);
    await jobs.enqueue(queue, [{ id: 'b', payload: { n: 2 } }]);
    await seen.reached(2);
    await untilCounts(jobs, queue, { parked: 1, active: 0, waiting: 0 });
    await jobs.enqueue(queue, [
      { id: 'a', payload: { n: 9 } },
      { id: 'b', payload: { n: 9 } },
      { id: 'c', payload: { n: 3 } },
    ]);
    await seen.reached(3);
    expect(seen.calls.map((call) => call.n)).toEqual([1, 2, 3]);
  });

  it('tries a retryable failure again with backoff, then parks it with its id, payload, kind and reason', async () => {
    const [jobs, queue] = [open(), queueOf()];
    const seen = journal(() => Promise.reject(new Failure('dependency-unavailable', 'Postgres: gone')));
    await jobs.process(queue, seen.handler);
    await jobs.enqueue(queue, [{ id: 'a:b', payload: { n: 1 } }]);
    await seen.reached(3);
    await untilCounts(jobs, queue, { parked: 1 });
    expect(seen.calls.map((call) => call.attempt)).toEqual([1, 2, 3]);
    expect(await jobs.parked(queue)).toEqual([
      { id: 'a:b', payload: { n: 1 }, kind: 'dependency-unavailable', reason: 'Postgres: gone', attempts: 3, parkedAt: expect.stringMatching(/^\d{4}-/) },
    ]);
  });

  it('parks what will not get better at once, and redrives it under its id', async () => {
    const [jobs, queue] = [open(), queueOf()];
    let broken = true;
    const seen = journal(() => (broken ? Promise.reject(new Failure('invalid-input', 'no')) : undefined));
    await jobs.process(queue, seen.handler);
    await jobs.enqueue(queue, [{ id: 'a', payload: { n: 1 } }]);
    await untilCounts(jobs, queue, { parked: 1 });
    expect(seen.calls).toHaveLength(1);
    broken = false;
    expect(await jobs.redrive(queue, 'nothing')).toBe(false);
    expect(await jobs.redrive(queue, 'a')).toBe(true);
    await seen.reached(2);
    await untilCounts(jobs, queue, { parked: 0, active: 0 });
    expect(seen.calls[1]).toEqual({ id: 'a', n: 1, attempt: 1 });
  });

  it('parks a payload that its schema refuses without calling the handler', async () => {
    const [jobs, queue, seen] = [open(), queueOf(), journal()];
    await jobs.process(queue, seen.handler);
    await jobs.enqueue<unknown>(queue, [{ id: 'a', payload: { wrong: true } }]);
    await untilCounts(jobs, queue, { parked: 1 });
    expect(seen.calls).toEqual([]);
    expect(await jobs.parked(queue)).toMatchObject([{ id: 'a', kind: 'poison-record', payload: { wrong: true } }]);
  });

  it('fires a schedule once per slot over two instances, and no more once it is withdrawn', async () => {
    const [one, two, queue, seen] = [open(), open(), queueOf(), journal()];
    const every = { id: 'tick', every: { ms: 200 }, payload: { n: 7 } };
    await Promise.all([one.schedule(queue, every), two.schedule(queue, every)]);
    const start = Date.now();
    await Promise.all([one.process(queue, seen.handler), two.process(queue, seen.handler)]);
    await seen.reached(4);
    expect(seen.calls.length).toBeLessThanOrEqual(Math.floor((Date.now() - start) / 200) + 2);
    await two.unschedule(queue, 'tick');
    await untilCounts(one, queue, { delayed: 0, waiting: 0, active: 0 });
  });

  it('finishes running jobs when it drains, and takes no new ones', async () => {
    const [jobs, queue] = [open(), queueOf()];
    const gate = Promise.withResolvers<void>();
    let finished = 0;
    const seen = journal(async () => {
      await gate.promise;
      finished += 1;
    });
    const worker = await jobs.process(queue, seen.handler);
    await jobs.enqueue(queue, [{ id: 'a', payload: { n: 1 } }]);
    await seen.reached(1);
    const drained = worker.drain();
    await jobs.enqueue(queue, [{ id: 'b', payload: { n: 2 } }]);
    gate.resolve();
    await drained;
    expect([finished, (await jobs.counts(queue)).waiting]).toEqual([1, 1]);
  });

  it('does not start a delayed job before its time', async () => {
    const [jobs, queue, seen] = [open(), queueOf(), journal()];
    await jobs.process(queue, seen.handler);
    const begin = performance.now();
    await jobs.enqueue(queue, [
      { id: 'later', payload: { n: 2 }, delayMs: 300 },
      { id: 'now', payload: { n: 1 } },
    ]);
    await seen.reached(2);
    expect(seen.calls.map((call) => call.id)).toEqual(['now', 'later']);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(295);
  });

  it('gives the job of a worker that died to another within the stalled time', async () => {
    // Not a multiple of three: the lock's share of it is rounded.
    const stalledMs = 1_600;
    const [jobs, queue, seen] = [open({ stalledMs }), queueOf(), journal()];
    await jobs.enqueue(queue, [{ id: 'held', payload: { n: 5 } }]);
    const holder = fork(new URL('./fixtures/hold-a-job.ts', import.meta.url), [...start().reach, queue.name, String(stalledMs)], { execArgv: [] });
    await once(holder, 'message');
    const ended = once(holder, 'exit');
    holder.kill('SIGKILL');
    await ended;
    const died = performance.now();
    await jobs.process(queue, seen.handler);
    await seen.reached(1);
    expect(seen.calls).toEqual([{ id: 'held', n: 5, attempt: 1 }]);
    // Twice, for a machine that is busy with other suites.
    expect(performance.now() - died).toBeLessThan(2 * stalledMs);
    await untilCounts(jobs, queue, { active: 0, parked: 0 });
  });

  it('parks and redrives a job that a schedule made, too', async () => {
    const [jobs, queue] = [open(), queueOf()];
    let broken = true;
    const seen = journal(() => (broken ? Promise.reject(new Failure('invalid-input', 'no')) : undefined));
    await jobs.schedule(queue, { id: 'night:ly', every: { ms: 60_000 }, payload: { n: 1 } });
    await jobs.process(queue, seen.handler);
    await seen.reached(1);
    await untilCounts(jobs, queue, { parked: 1 });
    const [parked] = await jobs.parked(queue);
    broken = false;
    expect(await jobs.redrive(queue, parked!.id)).toBe(true);
    await seen.reached(2);
    expect(seen.calls[1]?.id).toBe(parked!.id);
    await jobs.unschedule(queue, 'night:ly');
  });
}
