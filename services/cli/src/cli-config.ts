import { z } from 'zod';
import { postgresUrl } from '#libs/runtime/config';

const password = z.string().min(12).optional();

/** Settings of the command line: those of capture, and where capture is. Where the change log is: libs/changelog/open-change-log.ts. */
export const cliSettings = z.object({
  ADMIN_DATABASE_URL: postgresUrl.optional().describe('the database, as a login that may create roles and schemas: for `doctor`, `init`, `adopt` and `detach`'),
  CDC_SLOT: z.string().default('lakeloop').describe("capture's replication slot"),
  LAKELOOP_WRITE_PASSWORD: password.describe('of the login lakeloop_write, for `init`'),
  LAKELOOP_CDC_PASSWORD: password.describe('of the login lakeloop_cdc'),
  LAKELOOP_WORKFLOW_PASSWORD: password.describe('of the login lakeloop_workflow'),
  LAKELOOP_NOTIFICATION_PASSWORD: password.describe('of the login lakeloop_notification'),
  LAKELOOP_LAKEHOUSE_PASSWORD: password.describe('of the login lakeloop_lakehouse'),
  LAKELOOP_ADMIN_PASSWORD: password.describe('of the login lakeloop_admin'),
  CDC_TOPIC_PREFIX: z.string().default('lakeloop').describe('first part of every topic'),
  DATABASE_URL: postgresUrl.optional().describe('where `topics types` reads the columns'),
  CDC_URL: z.url().default('http://localhost:8081').describe('where capture answers, for `dlq redrive`'),
  CDC_ADMIN_TOKEN: z.string().optional().describe('its bearer token'),
});
export type CliConfig = Readonly<z.infer<typeof cliSettings>>;
