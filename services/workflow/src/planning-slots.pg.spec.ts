import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { arm } from '#libs/runtime/failpoints';
import { PlanningWorld, until } from './planning-world.fixture.ts';

let world: PlanningWorld;
const disarm: (() => void)[] = [];

beforeAll(async () => {
  world = await PlanningWorld.create();
  // Which else stamps `since`.
  await world.sql('alter table planning.schedules disable trigger user');
});
afterEach(() => disarm.splice(0).forEach((undo) => undo()));
afterAll(() => world.drop());

const HOUR = 3_600_000;

describe('a slot', () => {
  const start = Math.floor(Date.now() / HOUR) * HOUR + HOUR / 2;
  const slots = (): Promise<{ slot: Date; status: string; error: string | null }[]> =>
    world.sql('select slot, status, error from planning.plan_runs where schedule = $1 order by slot, id', [name]);
  let name: string;
  let now: number;

  /** An hourly schedule of its own, and nothing to do but its slots. */
  async function schedule(overlap: string, since = start, catchUp = '24 hours'): Promise<void> {
    now = start;
    name = `${overlap} ${since} ${catchUp}`;
    await world.sql('delete from planning.schedules');
    await world.sql("insert into planning.schedules (name, cron, overlap, catch_up, since) values ($1, '0 * * * *', $2, $3, $4)", [
      name,
      overlap,
      catchUp,
      new Date(since),
    ]);
    await world.runs().run({ cause: 'request', touched: { all: true } }, new AbortController().signal);
  }

  /** Holds the next run while `meanwhile` happens. */
  async function during(meanwhile: () => Promise<void>): Promise<void> {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let entered = false;
    disarm.push(
      arm('planning.after-make', () => {
        entered = true;
        return held;
      }),
    );
    const one = world.runner(() => now);
    one.start();
    try {
      await world.as('finance', "insert into planning.run_requests (reason) values ('held')");
      one.wake(0);
      await until(() => Promise.resolve(entered));
      await meanwhile();
      disarm.splice(0).forEach((undo) => undo());
      release();
      // In this order: a slot that is there is running, or done once nothing is on.
      await until(async () => (await slots()).length > 0 && (await world.idle()));
    } finally {
      release();
      await one.end();
    }
  }

  it('that comes due while a run is on is skipped where its schedule says so, and nothing runs for it', async () => {
    await schedule('skip');
    await during(async () => {
      now = start + HOUR;
      await until(async () => (await slots()).length === 1);
    });
    expect(await slots()).toEqual([{ slot: new Date(start + HOUR / 2), status: 'skipped', error: 'another run was on' }]);
  });

  it('waits for the run that is on; of several that wait, one run makes up for all', async () => {
    await schedule('queue');
    await during(() => {
      now = start + 3 * HOUR;
      return Promise.resolve();
    });
    const covered = `covered by the run of ${new Date(start + 2.5 * HOUR).toISOString()}`;
    expect(await slots()).toEqual([
      { slot: new Date(start + 0.5 * HOUR), status: 'skipped', error: covered },
      { slot: new Date(start + 1.5 * HOUR), status: 'skipped', error: covered },
      { slot: new Date(start + 2.5 * HOUR), status: 'unchanged', error: null },
    ]);
  });

  it('cancels the run that is on where its schedule says so, and runs at once', async () => {
    await schedule('cancel');
    const cancelled = (): Promise<object[]> =>
      world.sql('select from planning.plan_runs where status = $1 and error = $2', ['skipped', `cancelled by the next slot of ${name}`]);
    await during(async () => {
      now = start + HOUR;
      await until(async () => (await cancelled()).length === 1);
      expect(await slots()).toEqual([]);
    });
    expect(await slots()).toEqual([{ slot: new Date(start + HOUR / 2), status: 'unchanged', error: null }]);
  });

  it('whose run was cut off by the end of its process runs at the next start', async () => {
    await schedule('queue', start, '23 hours');
    now = start + HOUR;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    disarm.push(arm('planning.after-make', () => held));
    const first = world.runner(() => now);
    first.start();
    await until(async () => (await slots()).length === 1);
    const ended = first.end();
    disarm.splice(0).forEach((undo) => undo());
    release();
    await ended;
    const second = world.runner(() => now);
    second.start();
    await until(async () => (await slots()).length === 2 && (await world.idle()));
    await second.end();
    expect((await slots()).map(({ status, error }) => [status, error])).toEqual([
      ['failed', 'its process ended before the plan was published'],
      ['unchanged', null],
    ]);
  });

  it('that was missed for longer than the catch-up window is recorded as skipped, a stretch at a time', async () => {
    await schedule('queue', start - 10 * HOUR, '2 hours');
    const one = world.runner(() => now);
    one.start();
    await until(async () => (await slots()).length === 3 && (await world.idle()));
    await one.end();
    expect(await slots()).toEqual([
      { slot: new Date(start - 2 * HOUR), status: 'skipped', error: 'missed for longer than the catch-up window' },
      { slot: new Date(start - 1.5 * HOUR), status: 'skipped', error: expect.stringContaining('covered by') },
      { slot: new Date(start - 0.5 * HOUR), status: 'unchanged', error: null },
    ]);
  });
});
