import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CaptureFaults } from './capture/capture-faults.ts';
import { Stand } from './capture/stand.ts';
import { seeded } from './random.ts';

/** The full run (`npm run test:faults -- --seed N`) sets both. */
const SEED = Number(process.env['LAKELOOP_FAULT_SEED'] ?? 20_260);
const FULL = process.env['LAKELOOP_FAULT_KILLS'] !== undefined;
const PLAN = FULL ? { kills: 55, rounds: 5, bulkRows: 1_000_000 } : { kills: 5, rounds: 1, bulkRows: 60_000 };

describe('capture under faults', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await Stand.open();
  }, 120_000);
  afterAll(() => stand?.close(), 60_000);

  it(
    `loses nothing, keeps the order of every key, and repeats only what was in flight (seed ${SEED}, ${PLAN.kills} kills)`,
    async () => {
      const lines: string[] = [];
      const report = await CaptureFaults.run(stand, { ...PLAN, random: seeded(SEED), log: (line) => lines.push(line) }).catch((error: unknown) => {
        process.stdout.write(`${lines.join('\n')}\n`);
        throw error;
      });
      if (FULL) process.stdout.write(`${lines.join('\n')}\n`);
      process.stdout.write(`capture, seed ${SEED}: ${JSON.stringify(report)}\n`);
      expect(report).toMatchObject({ lost: 0, outOfOrder: 0, bulkLost: 0 });
      expect(report.acknowledged).toBeGreaterThan(500);
      // Progress inside a transaction is written ten times a second: what comes again is less than what was out.
      expect(report.bulkRepeated).toBeLessThan(PLAN.bulkRows / 3);
    },
    FULL ? 1_800_000 : 600_000,
  );
});
