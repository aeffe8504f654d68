import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EditFaults } from './edits/edit-faults.ts';
import { EditStand } from './edits/stand.ts';
import { seeded } from './random.ts';

/** The full run (`npm run test:faults -- --seed N`) sets both. */
const SEED = Number(process.env['LAKELOOP_FAULT_SEED'] ?? 20_260);
const KILLS = Number(process.env['LAKELOOP_FAULT_KILLS'] ?? 4);
const ROWS = KILLS > 4 ? 300_000 : 10_000;

describe('a large table that is edited while it is written', () => {
  let stand: EditStand;
  beforeAll(async () => {
    stand = await EditStand.open();
  }, 60_000);
  afterAll(() => stand?.close());

  it(
    `loses nothing when the service is killed, and is in the end as it shall be or as it was (seed ${SEED}, ${KILLS} kills, ${ROWS} rows)`,
    async () => {
      const report = await EditFaults.run(stand, { random: seeded(SEED), kills: KILLS, rows: ROWS, log: (line) => process.stdout.write(`${line}\n`) });
      process.stdout.write(`seed ${SEED}: ${JSON.stringify(report)}\n`);
      expect(report).toMatchObject({ lost: [], falseEntries: [], leftovers: [], refused: [], wrong: [] });
      expect(report.ended.applied).toBeGreaterThanOrEqual(3);
      expect(report.ended.failed).toBeGreaterThanOrEqual(1);
      expect(report.kills).toBeGreaterThanOrEqual(KILLS);
    },
    Math.max(120_000, KILLS * 60_000),
  );
});
