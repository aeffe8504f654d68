import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Ledger } from './capture/ledger.ts';
import { Stand } from './capture/stand.ts';
import { judge } from './capture/verdict.ts';
import { seeded } from './random.ts';

const SEED = Number(process.env['LAKELOOP_FAULT_SEED'] ?? 20_264);
const HOUR_MS = 3_600_000;
/** Beyond what a broker takes of CreateTime (an hour ahead), beyond a topic's retention, and back. */
const JUMPS = [2 * HOUR_MS, 0, -30 * 24 * HOUR_MS, 400 * 24 * HOUR_MS, -HOUR_MS, 0];

let stand: Stand;
let ledger: Ledger;
beforeEach(async () => {
  stand = await Stand.open();
}, 120_000);
afterEach(async () => {
  await ledger?.stop();
  await stand.close();
}, 60_000);

describe('the clock of the machine that captures', () => {
  it('jumps ahead and back, by hours and by years, and nothing is lost, late or out of order', async () => {
    ledger = new Ledger({ url: () => stand.postgres.url, random: seeded(SEED), keys: 20, pauseMs: 4 });
    const capture = await stand.capture({
      NODE_OPTIONS: `--import=${join(import.meta.dirname, 'capture', 'jumping-clock.mjs')}`,
      LAKELOOP_CLOCK_JUMPS: JUMPS.join(','),
      CDC_HEARTBEAT_MS: '500',
    });
    await capture.streaming();
    const standby = await stand.capture();
    await standby.reaches(/^standby/);
    ledger.start();
    let worstMs = 0;
    for (let jump = 0; jump < JUMPS.length; jump += 1) {
      capture.signal('SIGUSR2');
      const before = ledger.journal.length;
      await stand.untilDelivered({ key: 3, seq: 1 });
      const start = performance.now();
      await ledger.writes(before + 200);
      const last = ledger.journal.at(-1);
      if (last) await stand.untilDelivered(last);
      worstMs = Math.max(worstMs, performance.now() - start);
    }
    // It led all the time.
    expect([await capture.detail(), await standby.detail()]).toEqual([expect.stringMatching(/^streaming/), expect.stringMatching(/^standby/)]);
    await ledger.stop();
    const last = ledger.journal.at(-1);
    if (last) await stand.untilDelivered(last);
    const verdict = judge(ledger.journal, await stand.delivered());
    process.stdout.write(`clock jumps, seed ${SEED}: ${JSON.stringify({ jumps: JUMPS.length, ...verdict, worstMs: Math.round(worstMs) })}\n`);
    expect(verdict).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 0 });
  }, 180_000);
});
