import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runPython } from '#libs/testing/python';
import { PlanningServer } from './planning-server.fixture.ts';

let server: PlanningServer;
beforeAll(async () => {
  server = await PlanningServer.start();
}, 60_000);
afterAll(() => server.stop());

it('deltalake reads the consolidated plan and its history, and every version ties out with Postgres', async () => {
  await server.run();
  for (const amount of [100, -40, 7]) await server.edit(amount);
  const text = await runPython(join(import.meta.dirname, 'planning_tie_out.py'), [server.table]);
  const versions = JSON.parse(text) as Record<string, Record<string, [amount: string, version: number]>>;
  const history = await server.history();
  expect(history).toHaveLength(4);
  for (const { lake, amounts } of history) {
    const seen = Object.fromEntries(Object.entries(versions[lake] ?? {}).map(([key, [amount]]) => [key, amount]));
    expect(seen).toEqual(amounts);
  }
  expect(versions[history.at(-1)?.lake ?? '']).toEqual(await server.plan());
}, 60_000);
