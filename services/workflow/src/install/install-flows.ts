import { createHash } from 'node:crypto';
import pg from 'pg';
import { ensureFlowRole, ensureMember, LOGINS } from '#libs/governance/roles';
import { quoteLiteral, quoteTable } from '#libs/postgres/identifiers';
import { migrate } from '#libs/postgres/migrate';
import type { Logger } from '#libs/runtime/logger';
import { compileMachine } from '../cases/compile-machine.ts';
import { tablesOf } from '../cases/compile-tables.ts';
import { compileTriggers } from '../cases/compile-triggers.ts';
import type { ExceptionFlowDefinition } from '../cases/definition.ts';
import { installPlanning, PLANNING_INSTALL_ROLES } from './install-planning.ts';
import { WORKFLOW_MIGRATIONS } from '../migrations/all.ts';
import { compileCaseTrace } from '../trace/case-trace.ts';

export interface InstallFlowsOptions {
  /** A login that is member of `lakeloop_owner` and may create roles. Governance is installed already. */
  adminUrl: string;
  logger: Logger;
  flows: readonly ExceptionFlowDefinition[];
}

/**
 * Brings the database to what the definitions say: roles, tables (migrations), functions and triggers (replaced when their text changed), and
 * every table under audit. Idempotent, and safe when several processes start at once.
 */
export async function installFlows({ adminUrl, logger, flows }: InstallFlowsOptions): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'lakeloop-install' });
  await client.connect();
  try {
    await ensureRoles(client, flows);
    await migrate({ connectionString: adminUrl, schema: 'lakeloop', table: 'migrations_workflow', migrations: WORKFLOW_MIGRATIONS, logger });
    await client.query('begin');
    await client.query("select pg_advisory_xact_lock(hashtextextended('lakeloop.flows', 0))");
    await client.query('set local role lakeloop_owner');
    for (const flow of flows) await applyFlow(client, flow, flows);
    await installPlanning(client);
    await client.query('commit');
  } finally {
    await client.query('rollback').catch(() => undefined);
    await client.end();
  }
}

/** Each flow's principal; and the readers, whom `GET /v1/trace` reads as, so that their row filters decide there too. */
async function ensureRoles(client: pg.Client, flows: readonly ExceptionFlowDefinition[]): Promise<void> {
  for (const role of [...flows.map((flow) => flow.principalRole), PLANNING_INSTALL_ROLES.principal]) await ensureFlowRole(client, role);
  for (const role of new Set([...flows.flatMap((flow) => flow.roles.read), ...PLANNING_INSTALL_ROLES.readers]))
    await ensureMember(client, role, LOGINS.workflow);
}

async function applyFlow(client: pg.Client, flow: ExceptionFlowDefinition, all: readonly ExceptionFlowDefinition[]): Promise<void> {
  const statements = [
    ...compileMachine(),
    ...compileCaseTrace(all),
    ...compileTriggers(flow),
    ...tablesOf(flow).map((table) => `select lakeloop.adopt(${quoteLiteral(quoteTable(table))})`),
  ];
  const fingerprint = createHash('sha256').update(statements.join(';\n')).digest('hex');
  const present = await client.query<{ fingerprint: string }>('select fingerprint from lakeloop.flow where name = $1', [flow.name]);
  if (present.rows[0]?.fingerprint === fingerprint) return;
  await client.query(statements.join(';\n'));
  await client.query(
    `insert into lakeloop.flow as f (name, definition, fingerprint) values ($1, $2, $3)
     on conflict (name) do update set definition = excluded.definition, fingerprint = excluded.fingerprint, installed_at = clock_timestamp()`,
    [flow.name, JSON.stringify(flow), fingerprint],
  );
}
