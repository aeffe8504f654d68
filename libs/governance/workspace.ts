import pg from 'pg';
import { APP_ROLES, OWNER_ROLE } from './roles.ts';

/** The schema in which people make tables of their own, where we set the database up ourselves. */
export const WORKSPACE = 'workspace';

/** Who decides nothing makes nothing: auditors read, agents act in tables that people made. */
const MAKERS = APP_ROLES.filter((role) => role !== 'auditor' && role !== 'agent');

/** Creates the workspace and lets people's roles create in it; idempotent. After `installGovernance`. */
export async function ensureWorkspace(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'lakeloop-install' });
  await client.connect();
  try {
    await client.query(
      `create schema if not exists ${WORKSPACE} authorization ${OWNER_ROLE};
       grant usage on schema ${WORKSPACE} to ${APP_ROLES.join(', ')}; grant create on schema ${WORKSPACE} to ${MAKERS.join(', ')}`,
    );
  } finally {
    await client.end();
  }
}
