import { z } from 'zod';
import { postgresUrl } from '#libs/runtime/config';

/** Settings of the command line: those of capture, and where capture is. Where the change log is: libs/changelog/open-change-log.ts. */
export const cliSettings = z.object({
  CDC_TOPIC_PREFIX: z.string().default('lakeloop').describe('first part of every topic'),
  DATABASE_URL: postgresUrl.optional().describe('where `topics types` reads the columns'),
  CDC_URL: z.url().default('http://localhost:8081').describe('where capture answers, for `dlq redrive`'),
  CDC_ADMIN_TOKEN: z.string().optional().describe('its bearer token'),
});
export type CliConfig = Readonly<z.infer<typeof cliSettings>>;
