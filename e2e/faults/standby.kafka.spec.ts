import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CaptureProcess } from './capture/capture-process.ts';
import { Ledger } from './capture/ledger.ts';
import { Stand } from './capture/stand.ts';
import { judge } from './capture/verdict.ts';
import { seeded } from './random.ts';

const TAKEOVER_MS = 2_000;

describe('two instances of capture as processes', () => {
  let stand: Stand;
  let ledger: Ledger;
  beforeEach(async () => {
    stand = await Stand.open();
    ledger = new Ledger({ url: () => stand.postgres.url, random: seeded(20_261), keys: 20, pauseMs: 5 });
  }, 120_000);
  afterEach(async () => {
    await ledger.stop();
    await stand.close();
  }, 60_000);

  async function pair(): Promise<[CaptureProcess, CaptureProcess]> {
    const leader = await stand.capture();
    await leader.streaming();
    const standby = await stand.capture();
    await standby.reaches(/^standby/);
    ledger.start();
    await stand.untilDelivered({ key: 3, seq: 1 });
    return [leader, standby];
  }

  async function settled(): Promise<ReturnType<typeof judge>> {
    await ledger.stop();
    const last = ledger.journal.at(-1);
    if (last) await stand.untilDelivered(last);
    return judge(ledger.journal, await stand.delivered());
  }

  it('hand over within 2 s of a SIGKILL of the leader, and lose nothing', async () => {
    const [leader, standby] = await pair();
    const start = performance.now();
    await leader.end('SIGKILL');
    await standby.streaming();
    const takeover = performance.now() - start;
    process.stdout.write(`takeover after SIGKILL: ${Math.round(takeover)} ms\n`);
    expect(takeover).toBeLessThan(TAKEOVER_MS);
    expect(await settled()).toMatchObject({ lost: 0, outOfOrder: 0 });
  }, 60_000);

  it('hand over when the leader is frozen under a backlog, so that the server is stuck in writing to it', async () => {
    const [leader, standby] = await pair();
    leader.signal('SIGSTOP');
    await stand.sql(`insert into ledger select n, 1, repeat('x', 1000) from generate_series(1000, 40000) n`);
    const start = performance.now();
    await standby.streaming(15_000);
    process.stdout.write(`takeover from a frozen leader under a backlog: ${Math.round(performance.now() - start)} ms\n`);
    leader.signal('SIGCONT');
    expect(await settled()).toMatchObject({ lost: 0, outOfOrder: 0 });
  }, 60_000);

  it('hand over when the leader is frozen, which publishes nothing once it wakes up', async () => {
    const [leader, standby] = await pair();
    leader.signal('SIGSTOP');
    await standby.streaming(15_000);
    const before = (await stand.delivered()).length;
    leader.signal('SIGCONT');
    // Fenced it ends, or it saw its connection gone first and stands by.
    await Promise.race([leader.exit(), leader.reaches(/^standby/).catch(() => undefined)]);
    const verdict = await settled();
    expect(verdict).toMatchObject({ lost: 0, outOfOrder: 0 });
    const delivered = await stand.delivered();
    // Whatever the woken one had in hand was delivered before by the other: nothing of it comes again.
    expect(judge(delivered.slice(0, before), delivered)).toMatchObject({ duplicated: judge([], delivered.slice(0, before)).duplicated });
  }, 90_000);

  it('lose and repeat nothing in a rolling restart', async () => {
    let [leader, standby] = await pair();
    for (let round = 0; round < 3; round += 1) {
      expect(await leader.end('SIGTERM')).toBe(0);
      await standby.streaming();
      leader = standby;
      standby = await stand.capture();
      await standby.reaches(/^standby/);
    }
    expect(await settled()).toMatchObject({ lost: 0, outOfOrder: 0, duplicated: 0 });
  }, 120_000);
});
