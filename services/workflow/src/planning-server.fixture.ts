import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Governed } from '#libs/governance/governed';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import { EmbeddedPostgres } from '#libs/postgres/embedded/embedded-postgres';
import { createLogger } from '#libs/runtime/logger';
import { loadPlanningDemo } from './flows/planning/demo/load-planning-demo.ts';
import { ConsolidatedPlan } from './flows/planning/run/consolidated-plan.ts';
import { PlanningRuns, type RunOutcome } from './flows/planning/run/planning-run.ts';
import { type FlowDatabase, installFlowDatabase } from './install/flow-database.fixture.ts';

const logger = createLogger({ service: 'test', level: 'fatal' });

/** The demo's plan with a Postgres of its own, for tests that the run's server is not there for: other engines read or write its lakehouse. */
export class PlanningServer {
  readonly client: pg.Client;
  readonly lakehouse: Lakehouse;
  /** The consolidated plan's directory. */
  readonly table: string;
  readonly directory: string;
  readonly #server: EmbeddedPostgres;
  readonly #flows: FlowDatabase;

  private constructor(parts: { client: pg.Client; lakehouse: Lakehouse; directory: string; server: EmbeddedPostgres; flows: FlowDatabase }) {
    this.client = parts.client;
    this.lakehouse = parts.lakehouse;
    this.directory = parts.directory;
    this.table = join(parts.directory, 'lake', 'planning', 'consolidated_plan');
    this.#server = parts.server;
    this.#flows = parts.flows;
  }

  static async start(): Promise<PlanningServer> {
    const directory = await mkdtemp(join(tmpdir(), 'lakeloop-plan-'));
    const server = await EmbeddedPostgres.start({ dataDirectory: join(directory, 'data'), password: 'test', settings: { fsync: 'off' }, logger });
    const client = new pg.Client(server.url());
    await client.connect();
    const database = { url: server.url(), urlAs: (user: string, password: string) => server.url('postgres', user, password), client, drop: () => client.end() };
    const flows = await installFlowDatabase(database);
    const lakehouse = await openDeltaLakehouse({ root: join(directory, 'lake'), logger });
    await loadPlanningDemo({ adminUrl: server.url(), governed: new Governed(flows.pool), logger });
    return new PlanningServer({ client, lakehouse, directory, server, flows });
  }

  async stop(): Promise<void> {
    await this.lakehouse.close();
    await this.#flows.drop();
    await this.#server.stop('immediate');
    await rm(this.directory, { recursive: true, force: true });
  }

  runs(): PlanningRuns {
    return new PlanningRuns({ governed: new Governed(this.#flows.pool), plan: new ConsolidatedPlan(this.lakehouse, logger), logger });
  }

  /** Two edits, then a full run. */
  async edit(amount: number): Promise<RunOutcome> {
    await this.client.query(
      `insert into planning.sales_adjustments (product, region, period, measure, amount, unit) values ('E-bikes', 'EMEA', '2027-05', 'volume', $1, 'piece'), ('Lock', 'Japan', '2027-01', 'revenue', $1, 'USD')`,
      [amount],
    );
    return this.run();
  }

  run(): Promise<RunOutcome> {
    return this.runs().run({ cause: 'request', touched: { all: true } }, new AbortController().signal);
  }

  /** Every published version's amounts by line, by the lakehouse's version: told by the changes that Postgres has of each. */
  async history(): Promise<{ lake: number; version: number; amounts: Record<string, string> }[]> {
    const published = await this.client.query<{ version: string; lake: string }>(
      "select version, lake_version as lake from planning.plan_runs where status = 'published' order by version",
    );
    const found = [];
    let amounts: Record<string, string> = {};
    for (const { version, lake } of published.rows) {
      const changes = await this.client.query<{ key: string; after: string | null }>(
        "select concat_ws('|', product, region, period, measure) as key, after from planning.plan_changes where version = $1",
        [version],
      );
      amounts = { ...amounts, ...Object.fromEntries(changes.rows.map(({ key, after }) => [key, after ?? '0.000000'])) };
      found.push({ lake: Number(lake), version: Number(version), amounts });
    }
    return found;
  }

  /** The plan as Postgres has it now: amount and version by line. */
  async plan(): Promise<Record<string, [amount: string, version: number]>> {
    const { rows } = await this.client.query<{ key: string; amount: string; version: string }>(
      "select concat_ws('|', product, region, period, measure) as key, amount, version from planning.plan_lines",
    );
    return Object.fromEntries(rows.map(({ key, amount, version }) => [key, [amount, Number(version)]]));
  }
}
