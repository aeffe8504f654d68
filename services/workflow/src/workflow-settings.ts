import { z } from 'zod';
import { Failure } from '#libs/failure/failure';
import { flag, list, port, postgresUrl } from '#libs/runtime/config';

/** Settings of the workflow service. */
export const workflowSettings = z.object({
  DATABASE_URL: postgresUrl.describe('Postgres login of the service (lakeloop_workflow): owns nothing, may become the flows’ principals'),
  ADMIN_DATABASE_URL: postgresUrl.optional().describe('login for DDL: installs what is missing at start; unset: it must be there already'),
  KAFKA_BROKERS: list.default([]).describe('host:port of Kafka brokers, comma-separated'),
  REDIS_URL: z.string().optional().describe('Redis for job queues; unset: QUEUE_DATABASE_URL'),
  QUEUE_DATABASE_URL: postgresUrl.optional().describe('Postgres database of job queues, where there is no Redis'),
  LAKEHOUSE_DIRECTORY: z.string().min(1).optional().describe('directory of the Delta lakehouse that consolidated plans go to; unset: no plans are made'),
  CDC_TOPIC_PREFIX: z.string().default('lakeloop').describe('first part of topic names'),
  OIDC_ISSUER: z.url().optional().describe('OpenID Connect issuer whose tokens count'),
  OIDC_AUDIENCE: z.string().optional().describe('required audience of tokens'),
  JWT_ROLE_CLAIM: z.string().default('role').describe('claim that names the Postgres role; a dotted path'),
  WORKFLOW_PORT: port.default(8082).describe('HTTP port'),
  WORKFLOW_CONCURRENCY: z.coerce.number().int().positive().default(4).describe('jobs of one queue at once'),
  WORKFLOW_HOP_LIMIT: z.coerce.number().int().min(0).default(8).describe('most write-backs that may lead to an event before it is parked'),
  WORKFLOW_RECONCILE_MS: z.coerce.number().int().positive().default(30_000).describe('how often lost work is looked for'),
  WORKFLOW_DEMO_DATA: flag.default(false).describe('load the demo’s history when there are no transactions; needs ADMIN_DATABASE_URL'),
  DB_POOL_MAX: z.coerce.number().int().positive().default(10).describe('most Postgres connections'),
});
export type WorkflowSettings = Readonly<z.infer<typeof workflowSettings>>;

/** What the module itself is given; the rest of the settings are the process's. */
export type WorkflowConfig = Pick<
  WorkflowSettings,
  'CDC_TOPIC_PREFIX' | 'WORKFLOW_CONCURRENCY' | 'WORKFLOW_HOP_LIMIT' | 'WORKFLOW_RECONCILE_MS' | 'DB_POOL_MAX'
>;

/** What one process alone can't do without. */
export function requireDependencies({ KAFKA_BROKERS, REDIS_URL, QUEUE_DATABASE_URL, OIDC_ISSUER }: WorkflowSettings): void {
  const missing = [
    ...(KAFKA_BROKERS.length ? [] : ['KAFKA_BROKERS']),
    ...(REDIS_URL || QUEUE_DATABASE_URL ? [] : ['REDIS_URL (or QUEUE_DATABASE_URL)']),
    ...(OIDC_ISSUER ? [] : ['OIDC_ISSUER']),
  ];
  if (missing.length > 0) throw new Failure('misconfigured', `the workflow service needs ${missing.join(', ')}`);
}
