import pg from 'pg';
import type { Governed } from '#libs/governance/governed';
import { contextOf } from '#libs/governance/write-context';
import { quoteIdentifier, quoteTable } from '#libs/postgres/identifiers';
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

/** Loads the demo's plan, once: nothing happens when there are products. Returns whether it did. */
export async function loadPlanningDemo({ adminUrl, governed, logger }: LoadPlanningDemoOptions): Promise<boolean> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'lakeloop-demo' });
  await client.connect();
  try {
    const started = performance.now();
    await client.query('begin');
    await client.query("select pg_advisory_xact_lock(hashtextextended('lakeloop.demo', 0))");
    const present = await client.query('select from planning.products limit 1');
    if (present.rowCount) return false;
    for (const table of demoReference()) await insert(client, table);
    await client.query('commit');
    const edits = demoEdits();
    for (const team of TEAMS) await edit(governed, team, edits[team]);
    logger.info({ ms: Math.round(performance.now() - started) }, 'demo plan loaded');
    return true;
  } finally {
    await client.query('rollback').catch(() => undefined);
    await client.end();
  }
}

function edit(governed: Governed, team: Team, tables: readonly DemoTable[]): Promise<void> {
  const principal = { subject: team, role: team, amr: [], claims: { sub: team, role: team } };
  const context = contextOf(principal, { requestId: 'demo', traceparent: newTraceparent(), reason: 'demo data' });
  return governed.transaction({ principal, context }, async (client) => {
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
