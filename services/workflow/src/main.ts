import { KafkaChangeLog } from '#libs/changelog/kafka/kafka-change-log';
import { kafkaSecurity } from '#libs/changelog/kafka/security';
import { TokenVerifier } from '#libs/governance/token-verifier';
import type { Jobs } from '#libs/jobs/jobs';
import { type OpenLakehouse, openLakehouse } from '#libs/lakehouse/open-lakehouse';
import { createPostgresJobs } from '#libs/jobs/postgres/postgres-jobs';
import { createRedisJobs } from '#libs/jobs/redis/redis-jobs';
import { type Environment, loadConfig } from '#libs/runtime/config';
import { main } from '#libs/runtime/http/main';
import { runService } from '#libs/runtime/http/run-service';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { WorkflowModule } from './app.module.ts';
import { OnlyProcess } from './only-process.ts';
import { requireDependencies, type WorkflowSettings, workflowSettings } from './workflow-settings.ts';

/** A job whose process died goes to another after this, ms. */
const STALLED_MS = 5_000;

await main('workflow', async (runtime, environment) => {
  const config = loadConfig(workflowSettings, environment);
  requireDependencies(config);
  const { logger } = runtime;
  const changeLog = KafkaChangeLog.connect({ brokers: config.KAFKA_BROKERS, clientId: 'lakeloop-workflow', logger, security: kafkaSecurity(environment) });
  await runtime.lifecycles.run([{ name: 'change log', run: async () => undefined, drain: async () => undefined, stop: () => changeLog.close() }]);
  const jobs = await openJobs(config, runtime);
  const verifier = TokenVerifier.create({
    roleClaim: config.JWT_ROLE_CLAIM,
    ...(config.OIDC_ISSUER ? { issuer: config.OIDC_ISSUER } : {}),
    ...(config.OIDC_AUDIENCE ? { audience: config.OIDC_AUDIENCE } : {}),
  });
  const opened = await lakehouseOf(environment, config, runtime);
  const adminUrl = config.ADMIN_DATABASE_URL;
  const module = WorkflowModule.register({
    config,
    connectionString: config.DATABASE_URL,
    changeLog,
    jobs,
    verifier,
    runtime,
    demoData: config.WORKFLOW_DEMO_DATA,
    ...(opened ? { lakehouse: opened.lakehouse } : {}),
    ...(opened?.workspace ? { workspace: opened.workspace } : {}),
    ...(adminUrl ? { adminUrl } : {}),
  });
  await runService({ runtime, port: config.WORKFLOW_PORT, module });
});

/** The planning flow's lakehouse, and a workspace's jobs and models; with neither a workspace nor a directory this process makes no plans. */
async function lakehouseOf(
  environment: Environment,
  { LAKEHOUSE_DIRECTORY: root }: WorkflowSettings,
  { logger, lifecycles }: ServiceRuntime,
): Promise<OpenLakehouse | undefined> {
  if (!root && !environment['DATABRICKS_HOST']) {
    logger.warn('neither LAKEHOUSE_DIRECTORY nor DATABRICKS_HOST is set: no plans are made here');
    return undefined;
  }
  const opened = await openLakehouse(environment, { root: root ?? '', logger });
  await lifecycles.run([{ name: 'lakehouse', run: async () => undefined, drain: async () => undefined, stop: () => opened.close() }]);
  return opened;
}

/** Redis where it is set; else Postgres, which serves one process. */
async function openJobs({ REDIS_URL, QUEUE_DATABASE_URL = '' }: WorkflowSettings, { logger, lifecycles }: ServiceRuntime): Promise<Jobs> {
  const jobs = REDIS_URL
    ? createRedisJobs({ url: REDIS_URL, logger, stalledMs: STALLED_MS })
    : createPostgresJobs({ connectionString: QUEUE_DATABASE_URL, logger, stalledMs: STALLED_MS });
  await lifecycles.run([{ name: 'jobs', run: async () => undefined, drain: async () => undefined, stop: () => jobs.close() }]);
  if (!REDIS_URL) await lifecycles.run([new OnlyProcess(QUEUE_DATABASE_URL, logger)]);
  return jobs;
}
