import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { Governed } from '#libs/governance/governed';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import { EmbeddedPostgres } from '#libs/postgres/embedded/embedded-postgres';
import { createLogger } from '#libs/runtime/logger';
import { runPython } from '#libs/testing/python';
import { loadPlanningDemo } from './flows/planning/demo/load-planning-demo.ts';
import { ConsolidatedPlan } from './flows/planning/run/consolidated-plan.ts';
import { PlanningRuns } from './flows/planning/run/planning-run.ts';
import { type FlowDatabase, installFlowDatabase } from './install/flow-database.fixture.ts';

const logger = createLogger({ service: 'test', level: 'fatal' });
let directory: string;
let server: EmbeddedPostgres;
let client: pg.Client;
let flows: FlowDatabase;
let lakehouse: Lakehouse;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lakeloop-tie-out-'));
  server = await EmbeddedPostgres.start({ dataDirectory: join(directory, 'data'), password: 'test', settings: { fsync: 'off' }, logger });
  client = new pg.Client(server.url());
  await client.connect();
  flows = await installFlowDatabase({ url: server.url(), urlAs: (user, password) => server.url('postgres', user, password), client, drop: () => client.end() });
  lakehouse = await openDeltaLakehouse({ root: join(directory, 'lake'), logger });
  await loadPlanningDemo({ adminUrl: server.url(), governed: new Governed(flows.pool), logger });
}, 60_000);
afterAll(async () => {
  await lakehouse.close();
  await flows.drop();
  await server.stop('immediate');
  await rm(directory, { recursive: true, force: true });
});

it('deltalake reads the consolidated plan and its history, and every version ties out with Postgres', async () => {
  const runs = new PlanningRuns({ governed: new Governed(flows.pool), plan: new ConsolidatedPlan(lakehouse, logger), logger });
  const run = (): Promise<unknown> => runs.run({ cause: 'request', touched: { all: true } }, new AbortController().signal);
  await run();
  for (const amount of [100, -40, 7]) {
    await client.query(
      `insert into planning.sales_adjustments (product, region, period, measure, amount, unit) values ('E-bikes', 'EMEA', '2027-05', 'volume', $1, 'piece'), ('Lock', 'Japan', '2027-01', 'revenue', $1, 'USD')`,
      [amount],
    );
    await run();
  }
  const text = await runPython(join(import.meta.dirname, 'planning_tie_out.py'), [join(directory, 'lake', 'planning', 'consolidated_plan')]);
  const versions = JSON.parse(text) as Record<string, Record<string, [amount: string, version: number]>>;
  const published = await client.query<{ version: string; lake: string }>(
    "select version, lake_version as lake from planning.plan_runs where status = 'published' order by version",
  );
  expect(published.rows).toHaveLength(4);
  let plan: Record<string, string> = {};
  for (const { version, lake } of published.rows) {
    const changes = await client.query<{ key: string; after: string | null }>(
      "select concat_ws('|', product, region, period, measure) as key, after from planning.plan_changes where version = $1",
      [version],
    );
    plan = { ...plan, ...Object.fromEntries(changes.rows.map(({ key, after }) => [key, after ?? '0.000000'])) };
    const seen = Object.fromEntries(Object.entries(versions[lake] ?? {}).map(([key, [amount]]) => [key, amount]));
    expect(seen).toEqual(plan);
  }
  const now = await client.query<{ key: string; amount: string; version: string }>(
    "select concat_ws('|', product, region, period, measure) as key, amount, version from planning.plan_lines",
  );
  expect(versions[published.rows.at(-1)?.lake ?? '']).toEqual(Object.fromEntries(now.rows.map(({ key, amount, version }) => [key, [amount, Number(version)]])));
}, 60_000);
