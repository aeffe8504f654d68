import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCluster } from '../support/cluster-shape.ts';
import type { Killable } from '../support/shape.ts';
import { runFaults } from './run-faults.ts';

/** The full run (`npm run test:faults -- --seed N`) sets both. */
const SEED = Number(process.env['LAKELOOP_FAULT_SEED'] ?? 20_260);
const KILLS = Number(process.env['LAKELOOP_FAULT_KILLS'] ?? 3);

describe('services killed at random moments', () => {
  let cluster: Killable;
  beforeAll(async () => {
    cluster = await startCluster();
  }, 180_000);
  afterAll(() => cluster?.stop(), 60_000);

  it(
    `lose no acknowledged write and double no effect (seed ${SEED}, ${KILLS} kills a service)`,
    async () => {
      const lines: string[] = [];
      const report = await runFaults(cluster, { seed: SEED, killsPerService: KILLS, cases: KILLS * 20, log: (line) => lines.push(line) });
      process.stdout.write(`seed ${SEED}: ${JSON.stringify({ ...report, worstRecoveryMs: Math.round(report.worstRecoveryMs) })}\n`);
      expect(report).toMatchObject({ lostFlags: [], miscounted: [], lostDispositions: [], subscriberDifferences: [] });
      expect(report.acknowledgedFlags).toBe(KILLS * 20);
    },
    Math.max(300_000, KILLS * 120_000),
  );
});
