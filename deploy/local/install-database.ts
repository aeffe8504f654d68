/** Installs roles, logins and schemas into a database of your own, then ends: the cluster's first step (docker-compose.yml). Idempotent. */
import { z } from 'zod';
import { classify } from '#libs/failure/classify';
import { installGovernance } from '#libs/governance/install';
import { ensureWorkspace } from '#libs/governance/workspace';
import { loadConfig, postgresUrl } from '#libs/runtime/config';
import { createLogger } from '#libs/runtime/logger';

const password = z.string().min(12);
const settings = z.object({
  ADMIN_DATABASE_URL: postgresUrl.describe('a superuser, or a login with CREATEROLE that owns the database'),
  LAKELOOP_WRITE_PASSWORD: password.describe('of the login lakeloop_write'),
  LAKELOOP_CDC_PASSWORD: password.describe('of the login lakeloop_cdc'),
  LAKELOOP_WORKFLOW_PASSWORD: password.describe('of the login lakeloop_workflow'),
  LAKELOOP_NOTIFICATION_PASSWORD: password.describe('of the login lakeloop_notification'),
  LAKELOOP_LAKEHOUSE_PASSWORD: password.describe('of the login lakeloop_lakehouse'),
  LAKELOOP_ADMIN_PASSWORD: password.describe('of the login lakeloop_admin'),
});

const logger = createLogger({ service: 'install' });
try {
  const read = loadConfig(settings, process.env);
  await installGovernance({
    adminUrl: read.ADMIN_DATABASE_URL,
    logger,
    logins: {
      write: read.LAKELOOP_WRITE_PASSWORD,
      cdc: read.LAKELOOP_CDC_PASSWORD,
      workflow: read.LAKELOOP_WORKFLOW_PASSWORD,
      notification: read.LAKELOOP_NOTIFICATION_PASSWORD,
      lakehouse: read.LAKELOOP_LAKEHOUSE_PASSWORD,
      admin: read.LAKELOOP_ADMIN_PASSWORD,
    },
  });
  await ensureWorkspace(read.ADMIN_DATABASE_URL);
  logger.info('installed');
} catch (error) {
  const { kind, message } = classify(error);
  logger.error({ kind }, message);
  process.exitCode = 1;
}
