import { describe, expect, it } from '@jest/globals';
import { Lanes } from './lanes.ts';

/** Work that ends when told, and says whether it has begun. */
function task(): { run: () => Promise<void>; end: () => void; begun: Promise<void>; hasBegun: () => boolean } {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let started = false;
  const run = (): Promise<void> => {
    started = true;
    begun.resolve();
    return ended.promise;
  };
  return { run, end: ended.resolve, begun: begun.promise, hasBegun: () => started };
}

describe('lanes', () => {
  it('start the next piece of work when one ends', async () => {
    const lanes = new Lanes(1);
    const [first, second] = [task(), task()];
    const done = [lanes.run(first.run), lanes.run(second.run)];
    await first.begun;
    expect(second.hasBegun()).toBe(false);
    first.end();
    await second.begun;
    second.end();
    await Promise.all(done);
  });

  it('let work pass that waits behind long work, however much of it there is', async () => {
    const lanes = new Lanes(2);
    const tasks = Array.from({ length: 7 }, task);
    const done = tasks.map(({ run }) => lanes.run(run));
    await Promise.all(tasks.map(({ begun }) => begun));
    for (const { end } of tasks) end();
    await Promise.all(done);
  });

  it('free the lane of work that fails, and hand the failure on', async () => {
    const lanes = new Lanes(1);
    await expect(lanes.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(lanes.run(() => Promise.resolve('next'))).resolves.toBe('next');
  });

  it('keep to their width once long work has ended', async () => {
    const lanes = new Lanes(1);
    const [long, second, third] = [task(), task(), task()];
    const done = [lanes.run(long.run), lanes.run(second.run)];
    await second.begun;
    long.end();
    second.end();
    await Promise.all(done);
    const fresh = lanes.run(third.run);
    await third.begun;
    let passed = false;
    const behind = lanes.run(() => {
      passed = true;
      return Promise.resolve();
    });
    expect(passed).toBe(false);
    third.end();
    await Promise.all([fresh, behind]);
  });
});
