import pg from 'pg';
import type { Governed } from '#libs/governance/governed';
import { contextOf } from '#libs/governance/write-context';
import { quoteIdentifier, quoteTable } from '#libs/postgres/identifiers';
import { hit } from '#libs/runtime/failpoints';
import type { Logger } from '#libs/runtime/logger';
import { newTraceparent } from '#libs/runtime/telemetry';
import { TEAMS, type Team } from '../model/inputs.ts';
import { SCHEMA } from '../tables/planning-tables.ts';
import { type DemoTable, demoEdits, demoReference } from './planning-demo.ts';

export interface LoadPlanningDemoOptions {
  /** A login that may write schema `planning`. */
  adminUrl: string;
  /** Of the workflow's login, which may become the teams: their adjustments are theirs. */
  governed: Governed;
  logger: Logger;
}

/** A row of `planning.settings` that is there from the reference rows to the last team's edits: a process that died in between is made up for by the next one. */
const LOADING = 'demo_data_loading';

/** Loads the demo's plan, once: nothing happens when there are products, unless a load was cut off: then the rest is loaded. Returns whether anything was. */
export async function loadPlanningDemo({ adminUrl, governed, logger }: LoadPlanningDemoOptions): Promise<boolean> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'lakeloop-demo' });
  await client.connect();
  try {
    const started = performance.now();
    await client.query("select pg_advisory_lock(hashtextextended('lakeloop.demo', 0))");
    if (!(await isLoading(client)) && !(await loadReference(client))) return false;
    await hit('planning.demo-reference');
    const edits = demoEdits();
    for (const team of TEAMS) await edit(governed, team, edits[team]);
    await client.query('delete from planning.settings where name = $1', [LOADING]);
    logger.info({ ms: Math.round(performance.now() - started) }, 'demo plan loaded');
    return true;
  } finally {
    // Ends the lock too.
    await client.end();
  }
}

async function isLoading(client: pg.Client): Promise<boolean> {
  return (await client.query('select from planning.settings where name = $1', [LOADING])).rowCount === 1;
}

/** Together with the mark, or not at all. */
async function loadReference(client: pg.Client): Promise<boolean> {
  const present = await client.query('select from planning.products limit 1');
  if (present.rowCount) return false;
  await client.query('begin');
  try {
    for (const table of demoReference()) await insert(client, table);
    await client.query("insert into planning.settings (name, value) values ($1, 'true')", [LOADING]);
    await client.query('commit');
    return true;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** A team's edits, all or none; not again where they were loaded before the load was cut off. */
function edit(governed: Governed, team: Team, tables: readonly DemoTable[]): Promise<void> {
  const principal = { subject: team, role: team, amr: [], claims: { sub: team, role: team } };
  const context = contextOf(principal, { requestId: 'demo', traceparent: newTraceparent(), reason: 'demo data' });
  return governed.transaction({ principal, context }, async (client) => {
    const present = await client.query(`select from ${quoteTable({ schema: SCHEMA, name: `${team}_adjustments` })} limit 1`);
    if (present.rowCount) return;
    for (const table of tables) await insert(client, table);
  });
}

/** Columns by name, those given and no others: the rest have defaults or are set by triggers. */
async function insert(client: pg.ClientBase, { table, rows }: DemoTable): Promise<void> {
  const names = Object.keys(rows[0] ?? {})
    .map(quoteIdentifier)
    .join(', ');
  const target = quoteTable({ schema: SCHEMA, name: table });
  await client.query(`insert into ${target} (${names}) select ${names} from json_populate_recordset(null::${target}, $1)`, [JSON.stringify(rows)]);
}
