import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { uniqueName } from '#libs/testing/postgres';
import { CdcHarness } from './testing/cdc-harness.ts';
import { Actor } from './testing/replay/actor.ts';
import { Replicas } from './testing/replay/replica.ts';
import { type Run, runs } from './testing/replay/steps.ts';

/** `CDC_REPLAY_RUNS=1000 CDC_REPLAY_SEED=7 npm run jest -- replay` for a longer form, or the same again. */
const RUNS = Number(process.env['CDC_REPLAY_RUNS'] ?? 25);
const SEED = Number(process.env['CDC_REPLAY_SEED'] ?? Date.now() % 1_000_000);

let cdc: CdcHarness;
beforeAll(async () => {
  cdc = await CdcHarness.create();
  await cdc.sql('create publication lakeloop for all tables');
  await cdc.streaming();
});
afterAll(() => cdc.close());

/** What both sessions leave behind, and what the topics make of it. */
async function replayed(run: Run): Promise<{ tables: unknown; replicas: unknown }> {
  const schema = uniqueName('r');
  await cdc.sql(`create schema ${schema}`);
  const actors = [await Actor.start(cdc.database.url, schema), await Actor.start(cdc.database.url, schema)] as const;
  await actors[0].do({ do: 'create-table', type: 0, key: 'integer' });
  await actors[0].do({ do: 'create-table', type: 3, key: 'both' });
  await actors[0].do({ do: 'commit' });
  for (const { session, step } of run) await actors[session].do(step);
  for (const actor of actors) await actor.do({ do: 'commit' });
  await actors[0].touch();
  const tables = await actors[0].tables();
  for (const actor of actors) await actor.end();
  await cdc.published();
  const replicas = (await Replicas.read(cdc, schema)).tables();
  await cdc.sql(`drop schema ${schema} cascade`);
  // That a table is gone is told by the watch, within seconds.
  return { tables, replicas: Object.fromEntries(Object.entries(replicas).filter(([name]) => name in tables)) };
}

describe('the topics', () => {
  it(
    `rebuild the tables exactly, whatever was done to them (${RUNS} runs, seed ${SEED})`,
    async () => {
      await fc.assert(
        fc.asyncProperty(runs, async (run) => {
          const { tables, replicas } = await replayed(run);
          expect(replicas).toEqual(tables);
        }),
        { numRuns: RUNS, seed: SEED, endOnFailure: process.env['CDC_REPLAY_SHRINK'] === undefined },
      );
    },
    60_000 + RUNS * 2_000,
  );
});
