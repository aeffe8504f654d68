import { KafkaChangeLog } from '#libs/changelog/kafka/kafka-change-log';
import { TokenVerifier } from '#libs/governance/token-verifier';
import type { Jobs } from '#libs/jobs/jobs';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import { createPostgresJobs } from '#libs/jobs/postgres/postgres-jobs';
import { createRedisJobs } from '#libs/jobs/redis/redis-jobs';
import { loadConfig } from '#libs/runtime/config';
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
  const changeLog = KafkaChangeLog.connect({ brokers: config.KAFKA_BROKERS, clientId: 'lakeloop-workflow', logger });
  await runtime.lifecycles.run([{ name: 'change log', run: async () => undefined, drain: async () => undefined, stop: () => changeLog.close() }]);
  const jobs = await openJobs(config, runtime);
  const verifier = TokenVerifier.create({
    roleClaim: config.JWT_ROLE_CLAIM,
    ...(config.OIDC_ISSUER ? { issuer: config.OIDC_ISSUER } : {}),
    ...(config.OIDC_AUDIENCE ? { audience: config.OIDC_AUDIENCE } : {}),
  });
  const lakehouse = await openLakehouse(config, runtime);
  const adminUrl = config.ADMIN_DATABASE_URL;
  const module = WorkflowModule.register({
    config,
    connectionString: config.DATABASE_URL,
    changeLog,
    jobs,
    verifier,
    runtime,
    demoData: config.WORKFLOW_DEMO_DATA,
    ...(lakehouse ? { lakehouse } : {}),
    ...(adminUrl ? { adminUrl } : {}),
  });
  await runService({ runtime, port: config.WORKFLOW_PORT, module });
});

/** The planning flow's lakehouse; without LAKEHOUSE_DIRECTORY this process makes no plans. */
async function openLakehouse({ LAKEHOUSE_DIRECTORY }: WorkflowSettings, { logger, lifecycles }: ServiceRuntime): Promise<Lakehouse | undefined> {
  if (!LAKEHOUSE_DIRECTORY) {
    logger.warn('LAKEHOUSE_DIRECTORY is not set: no plans are made here');
    return undefined;
  }
  const lakehouse = await openDeltaLakehouse({ root: LAKEHOUSE_DIRECTORY, logger });
  await lifecycles.run([{ name: 'lakehouse', run: async () => undefined, drain: async () => undefined, stop: () => lakehouse.close() }]);
  return lakehouse;
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
