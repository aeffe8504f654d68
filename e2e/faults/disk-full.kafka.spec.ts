import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/process.ts';
import { Ledger } from './capture/ledger.ts';
import { mayMount, SmallDisk } from './capture/small-disk.ts';
import { Stand } from './capture/stand.ts';
import { judge } from './capture/verdict.ts';
import { seeded } from './random.ts';

const FULL = process.env['LAKELOOP_FAULT_KILLS'] !== undefined;
const SEED = Number(process.env['LAKELOOP_FAULT_SEED'] ?? 20_263);
const ROUNDS = FULL ? 4 : 1;
/** Room for the broker's own topics and what is written between. */
const DISK_MEGABYTES = 96;

let stand: Stand;
let ledger: Ledger;
let disk: SmallDisk | undefined;
beforeEach(async () => {
  stand = await Stand.open(async (directory) => {
    await mkdir(directory, { recursive: true });
    if (mayMount()) disk = SmallDisk.mount(directory, DISK_MEGABYTES);
  });
}, 120_000);
afterEach(async () => {
  await ledger?.stop();
  await stand.close(() => disk?.unmount());
}, 60_000);

describe('the disk of the broker', () => {
  (mayMount() ? it : it.skip)(
    'is full again and again: capture waits, and goes on without a loss once there is room',
    async () => {
      ledger = new Ledger({ url: () => stand.postgres.url, random: seeded(SEED), keys: 20, pauseMs: 4 });
      const capture = await stand.capture();
      await capture.streaming();
      ledger.start();
      await stand.untilDelivered({ key: 3, seq: 1 });
      let worstRecoveryMs = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        await disk?.fill(256 * 1024);
        await eventually(
          async () => stand.broker.ended,
          () => 'the broker lives on a full disk',
          60_000,
        );
        await capture.reaches(/Kafka/);
        await ledger.writes(ledger.journal.length + 100);
        await disk?.clear();
        stand.broker = await stand.broker.restart();
        const start = performance.now();
        await capture.streaming();
        worstRecoveryMs = Math.max(worstRecoveryMs, Math.round(performance.now() - start));
        const last = ledger.journal.at(-1);
        if (last) await stand.untilDelivered(last);
      }
      await ledger.stop();
      const last = ledger.journal.at(-1);
      if (last) await stand.untilDelivered(last);
      const verdict = judge(ledger.journal, await stand.delivered());
      process.stdout.write(
        `broker's disk full, seed ${SEED}: ${JSON.stringify({ rounds: ROUNDS, ...verdict, worstRecoveryMs, peakMegabytes: await capture.peakMegabytes() })}\n`,
      );
      expect(verdict).toMatchObject({ lost: 0, outOfOrder: 0 });
    },
    300_000,
  );
});
