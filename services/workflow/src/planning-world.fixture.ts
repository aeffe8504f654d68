import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { Governed } from '#libs/governance/governed';
import { contextOf } from '#libs/governance/write-context';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import { createLogger } from '#libs/runtime/logger';
import { newTraceparent } from '#libs/runtime/telemetry';
import { createTestDatabase } from '#libs/testing/postgres';
import { loadPlanningDemo } from './flows/planning/demo/load-planning-demo.ts';
import { ConsolidatedPlan } from './flows/planning/run/consolidated-plan.ts';
import type { Retention } from './flows/planning/run/forget.ts';
import { PlanningRunner } from './flows/planning/run/planning-runner.ts';
import { PlanningRuns } from './flows/planning/run/planning-run.ts';
import { type FlowDatabase, installFlowDatabase, person } from './install/flow-database.fixture.ts';

const logger = createLogger({ service: 'test', level: 'fatal' });

/** The demo's plan in a real Postgres and a real lakehouse, without schedules and not yet planned. */
export class PlanningWorld {
  readonly flows: FlowDatabase;
  readonly lakehouse: Lakehouse;
  readonly root: string;
  readonly #people: Governed;

  private constructor(flows: FlowDatabase, lakehouse: Lakehouse, root: string) {
    this.flows = flows;
    this.lakehouse = lakehouse;
    this.root = root;
    this.#people = new Governed(flows.writePool);
  }

  static async create(): Promise<PlanningWorld> {
    const flows = await installFlowDatabase(await createTestDatabase());
    const root = await mkdtemp(join(tmpdir(), 'lakeloop-planning-'));
    const world = new PlanningWorld(flows, await openDeltaLakehouse({ root, logger }), root);
    await loadPlanningDemo({ adminUrl: flows.database.url, governed: new Governed(flows.pool), logger });
    await world.sql('delete from planning.schedules');
    return world;
  }

  async drop(): Promise<void> {
    await this.lakehouse.close();
    await this.flows.drop();
    await rm(this.root, { recursive: true, force: true });
  }

  runs(keep?: Retention): PlanningRuns {
    return new PlanningRuns({ governed: new Governed(this.flows.pool), plan: new ConsolidatedPlan(this.lakehouse, logger), logger, ...(keep ? { keep } : {}) });
  }

  runner(now: () => number = Date.now): PlanningRunner {
    return new PlanningRunner({ runs: this.runs(), connectionString: this.flows.url, debounce: { quietMs: 30, mostMs: 200 }, clock: { now }, logger });
  }

  as<T extends object>(role: string, sql: string, values: unknown[] = []): Promise<T[]> {
    const principal = person(role);
    const context = contextOf(principal, { requestId: 'test', traceparent: newTraceparent() });
    return this.#people.transaction({ principal, context }, async (client) => (await client.query<T>(sql, values)).rows);
  }

  async sql<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.flows.database.client.query<Row>(text, values)).rows;
  }

  /** Nothing waits and nothing is on. */
  async idle(): Promise<boolean> {
    const found = await this.sql(
      "select where (select count(*) from lakeloop.planning_touched) = 0 and not exists (select from planning.plan_runs where status = 'running')",
    );
    return found.length === 1;
  }
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come to be');
    await breathe();
  }
}
