import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HistoryHarness } from './testing/history-harness.ts';

const FIXTURE = new URL('./testing/feed-until-killed.fixture.ts', import.meta.url).pathname;
const CHANGES = 6_000;

let lake: HistoryHarness;
beforeEach(async () => {
  lake = await HistoryHarness.create();
});
afterEach(() => lake.close());

/** Runs the service's core on the harness's directory; resolves with the signal that ended it, or null. `killAfterMs`: from outside, at any point. */
async function feed(failpoints: string, killAfterMs?: number): Promise<NodeJS.Signals | null> {
  const env = { ...process.env, LOG_LEVEL: 'silent', LAKELOOP_FAILPOINTS: failpoints };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', FIXTURE, lake.directory], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  if (killAfterMs !== undefined) void delay(killAfterMs).then(() => child.kill('SIGKILL'));
  const [code, signal] = await ended;
  if (signal === null && code !== 0) throw new Error(`the process ended with ${code}`);
  return signal;
}

describe('a killed instance', () => {
  it('leaves every change in the history once, whenever it is killed', async () => {
    for (let from = 0; from < CHANGES; from += 1_000)
      await lake.append(Array.from({ length: 1_000 }, (_, index) => ({ op: 'c' as const, after: `{"id":${from + index}}`, key: `{"id":${from + index}}` })));
    await lake.log.close();
    // Before a version, inside one, and after one whose writer does not learn of it.
    for (const failpoint of ['lakehouse.before-append', 'delta.before-commit', 'lakehouse.after-append'])
      expect(await feed(`${failpoint}=kill`)).toBe('SIGKILL');
    for (const killAfterMs of [800, 1_100]) await feed('', killAfterMs);
    expect(await feed('')).toBeNull();
    const rows = await lake.history();
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: CHANGES }, (_, index) => index));
    expect((await lake.current()).length).toBe(CHANGES);
  }, 90_000);
});
