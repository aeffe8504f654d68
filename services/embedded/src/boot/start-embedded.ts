import { createPool } from '#libs/postgres/pool';
import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import { installGovernance } from '#libs/governance/install';
import { ensureWorkspace } from '#libs/governance/workspace';
import { TokenVerifier } from '#libs/governance/token-verifier';
import { createPostgresJobs } from '#libs/jobs/postgres/postgres-jobs';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import { EmbeddedPostgres } from '#libs/postgres/embedded/embedded-postgres';
import { runService, type RunningService } from '#libs/runtime/http/run-service';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { EmbeddedModule, type EmbeddedOptions, publicUrl } from '../app.module.ts';
import type { DataDirectory } from '../data/data-directory.ts';
import { loadSecrets } from '../data/secrets.ts';
import type { EmbeddedConfig } from '../embedded-config.ts';
import type { Progress } from '../terminal/progress.ts';
import { DATABASE, ensureDatabases, QUEUE_DATABASE } from './databases.ts';
import type { Undo } from './undo.ts';

export interface StartOptions {
  config: EmbeddedConfig;
  data: DataDirectory;
  runtime: ServiceRuntime;
  progress: Progress;
  /** What to take down again, newest first: when the start fails, and at the end. */
  undo: Undo;
}

export interface Started extends RunningService {
  postgres: EmbeddedPostgres;
}

/** Identity is served to this machine alone, and so is everything else here. */
const HOST = '127.0.0.1';

/** Postgres, its databases and what we install in them, change log, queues, then every service. Throws a Failure that says what to do. */
export async function startEmbedded({ config, data, runtime, progress, undo }: StartOptions): Promise<Started> {
  const { logger } = runtime;
  const secrets = await loadSecrets(data.path);
  const postgres = await progress.stage('starting PostgreSQL', () => startPostgres(config, data, secrets.postgres, runtime));
  undo.add(() => postgres.stop());
  await progress.stage('preparing the databases', async () => {
    await ensureDatabases(postgres.url());
    await installGovernance({ adminUrl: postgres.url(DATABASE), logger, logins: secrets.logins });
    await ensureWorkspace(postgres.url(DATABASE));
  });
  const changeLog = await progress.stage('opening the change log', () => SqliteChangeLog.open({ directory: data.join('changelog'), logger }));
  undo.add(() => changeLog.close());
  const jobs = createPostgresJobs({ connectionString: postgres.url(QUEUE_DATABASE), logger });
  undo.add(() => jobs.close());
  const databaseUrl: EmbeddedOptions['databaseUrl'] = (login) =>
    login === 'superuser' ? postgres.url(DATABASE) : postgres.url(DATABASE, `lakeloop_${login}`, secrets.logins[login]);
  const lakehouse = await progress.stage('opening the lakehouse', () => openDeltaLakehouse({ root: data.join('lakehouse'), logger, memoryLimit: '512MB' }));
  undo.add(() => lakehouse.close());
  const lakehousePool = createPool({ connectionString: databaseUrl('lakehouse'), name: 'lakeloop-lakehouse', max: 4, logger });
  undo.add(() => lakehousePool.end());
  const notificationPool = createPool({ connectionString: databaseUrl('notification'), name: 'lakeloop-notification', max: 16, logger });
  undo.add(() => notificationPool.end());
  const url = publicUrl(config);
  const verifier = TokenVerifier.create({ issuer: `${url}/oidc`, audience: 'lakeloop' });
  const module = EmbeddedModule.register({
    config,
    runtime,
    changeLog,
    jobs,
    verifier,
    databaseUrl,
    notificationPool,
    lakehouse,
    lakehousePool,
    cookieKey: secrets.cookieKey,
    cursorSecret: secrets.cursorSecret,
    close: () => undo.run(),
  });
  // Should a service refuse to start, those that run are ended before what they stand on.
  undo.add(() => runtime.lifecycles.end());
  const running = await progress.stage('starting the services', () => runService({ runtime, port: config.port, host: HOST, module }));
  return { ...running, url, postgres };
}

function startPostgres(config: EmbeddedConfig, data: DataDirectory, password: string, { logger }: ServiceRuntime): Promise<EmbeddedPostgres> {
  return EmbeddedPostgres.start({
    dataDirectory: data.join('postgres'),
    password,
    port: config.postgresPort,
    // A consumer that stays away must not fill the disk: past this the slot is given up, loudly.
    settings: { max_slot_wal_keep_size: '2GB', max_connections: 200, shared_buffers: '256MB' },
    logger,
  });
}
