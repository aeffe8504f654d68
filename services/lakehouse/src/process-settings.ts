import { z } from 'zod';
import { port, postgresUrl } from '#libs/runtime/config';

/** Settings of a process of its own: its adapters and its port. Those of the work itself: lakehouse-config.ts. */
export const processSettings = z.object({
  DATABASE_URL: postgresUrl
    .optional()
    .describe("the login lakeloop_lakehouse: the catalogue gives the columns' types, and it keeps mirrors. Unset: every column is text, no mirrors"),
  ADMIN_DATABASE_URL: postgresUrl.optional().describe("a member of lakeloop_owner, which makes mirrors' tables. Unset: they are refreshed, but none is made"),
  CDC_TOPIC_PREFIX: z.string().default('lakeloop').describe('prefix of the change topics'),
  LAKEHOUSE_DIRECTORY: z
    .string()
    .default('.lakeloop/lakehouse')
    .describe('directory (or s3://bucket/prefix) of the Delta tables; not used where DATABRICKS_HOST is set'),
  LAKEHOUSE_STAGING_DIRECTORY: z
    .string()
    .optional()
    .describe('directory for changes that wait to be written; emptied at start. Unset: one of its own beside the tables'),
  OIDC_ISSUER: z.url().optional().describe('OpenID Connect issuer whose tokens count'),
  OIDC_AUDIENCE: z.string().optional().describe('required audience of tokens'),
  JWT_ROLE_CLAIM: z.string().default('role').describe('claim that names the role; a dotted path'),
  LAKEHOUSE_PORT: port.default(8086).describe('HTTP port'),
});
