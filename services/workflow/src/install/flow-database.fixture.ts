import type pg from 'pg';
import type { Principal } from '#libs/governance/principal';
import { createLogger } from '#libs/runtime/logger';
import { installGovernance } from '#libs/governance/install';
import { applyPolicy } from '#libs/governance/policy/apply-policy';
import { mergePolicies } from '#libs/governance/policy/merge-policies';
import { createPool } from '#libs/postgres/pool';
import { EXCEPTION_FLOWS } from '../flows/all.ts';
import { compilePolicy } from './compile-policy.ts';
import { installFlows } from './install-flows.ts';
import { planningPolicy } from './planning-policy.ts';

/** An empty database of a test's own (libs/testing). */
interface EmptyDatabase {
  url: string;
  urlAs(user: string, password: string): string;
  client: pg.Client;
  drop(): Promise<void>;
}

export interface FlowDatabase {
  database: EmptyDatabase;
  /** As people's requests come. */
  writePool: pg.Pool;
  /** As flows write back. */
  pool: pg.Pool;
  /** Of the workflow's login. */
  url: string;
  drop(): Promise<void>;
}

/** One password for all tests of a run: logins belong to the whole server. */
const PASSWORD = 'test';

/** Governance and every flow in it, as the services see it. */
export async function installFlowDatabase(database: EmptyDatabase): Promise<FlowDatabase> {
  const logger = createLogger({ service: 'test', level: 'error' });
  await installGovernance({ adminUrl: database.url, logger, logins: { write: PASSWORD, workflow: PASSWORD } });
  await installFlows({ adminUrl: database.url, logger, flows: EXCEPTION_FLOWS });
  await applyPolicy(database.url, mergePolicies([...EXCEPTION_FLOWS.map(compilePolicy), planningPolicy()]));
  const url = database.urlAs('lakeloop_workflow', PASSWORD);
  const pool = createPool({ connectionString: url, name: 'test-workflow' });
  const writePool = createPool({ connectionString: database.urlAs('lakeloop_write', PASSWORD), name: 'test-write' });
  const drop = async (): Promise<void> => {
    await Promise.all([pool.end(), writePool.end()]);
    await database.drop();
  };
  return { database, writePool, pool, url, drop };
}

/** Somebody of a role; the subject is the role's name unless a claim says otherwise. */
export function person(role: string, claims: Record<string, unknown> = {}): Principal {
  const subject = typeof claims['sub'] === 'string' ? claims['sub'] : role;
  return { subject, role, amr: ['pwd'], claims: { sub: subject, role, ...claims } };
}
