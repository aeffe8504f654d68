import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type pg from 'pg';
import type { ChangeLog } from '#libs/changelog/change-log';
import type { TokenVerifier } from '#libs/governance/token-verifier';
import type { Jobs } from '#libs/jobs/jobs';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { CdcModule } from '#services/cdc/src/app.module';
import { ConsoleModule } from '#services/console/src/app.module';
import { IdentityModule } from '#services/identity/src/app.module';
import { WORKSPACE } from '#libs/governance/workspace';
import { LakehouseModule } from '#services/lakehouse/src/app.module';
import { NotificationModule } from '#services/notification/src/app.module';
import { WorkflowModule } from '#services/workflow/src/app.module';
import { WriteModule } from '#services/write/src/app.module';
import type { EmbeddedConfig } from './embedded-config.ts';

export interface EmbeddedOptions {
  config: EmbeddedConfig;
  runtime: ServiceRuntime;
  changeLog: ChangeLog;
  jobs: Jobs;
  verifier: TokenVerifier;
  /** URL of the data for a login. */
  databaseUrl: (login: 'write' | 'cdc' | 'workflow' | 'notification' | 'lakehouse' | 'admin' | 'superuser') => string;
  /** Of the login lakeloop_notification. */
  notificationPool: pg.Pool;
  lakehouse: Lakehouse;
  /** Of the login lakeloop_lakehouse. */
  lakehousePool: pg.Pool;
  /** 64 hexadecimal digits each. */
  cookieKey: string;
  cursorSecret: string;
  /** Called once every service has ended. */
  close: () => Promise<void>;
}

export type Service = 'identity' | 'write' | 'cdc' | 'workflow' | 'notification' | 'lakehouse' | 'console';
const CLOSE = Symbol('close');

/** Every service in one process, on one port, over one Postgres, one change log and one set of queues. */
@Module({})
export class EmbeddedModule implements OnApplicationShutdown {
  readonly #close: () => Promise<void>;

  constructor(@Inject(CLOSE) close: () => Promise<void>) {
    this.#close = close;
  }

  static register(options: EmbeddedOptions): DynamicModule {
    return {
      module: EmbeddedModule,
      // The console's hook lends requests their person's token, so it comes before what serves them.
      imports: [identity(options), webConsole(options), write(options), cdc(options), workflow(options), notification(options), lakehouse(options)],
      providers: [{ provide: CLOSE, useValue: options.close }],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#close();
  }
}

/** The shared runtime under the service's own name, so that each line of the log says whose it is. */
function runtimeOf({ runtime }: EmbeddedOptions, name: Service): ServiceRuntime {
  return { ...runtime, name, logger: runtime.logger.child({ part: name }) };
}

export function publicUrl(config: EmbeddedConfig): string {
  return `http://localhost:${config.port}`;
}

function identity(options: EmbeddedOptions): DynamicModule {
  const { config } = options;
  return IdentityModule.register({ config: { publicUrl: publicUrl(config), dataDirectory: config.dataDirectory }, runtime: runtimeOf(options, 'identity') });
}

function webConsole(options: EmbeddedOptions): DynamicModule {
  const url = publicUrl(options.config);
  return ConsoleModule.register({
    config: {
      publicUrl: url,
      issuer: `${url}/oidc`,
      clientId: 'lakeloop-console',
      scope: 'openid profile offline_access',
      roleClaim: 'role',
      sessionKey: { hex: options.cookieKey },
      webRoot: 'dist/console',
    },
    runtime: runtimeOf(options, 'console'),
  });
}

function write(options: EmbeddedOptions): DynamicModule {
  return WriteModule.register({
    config: {
      REST_SCHEMAS: ['exceptions', 'birdstrikes', 'planning', 'public', WORKSPACE],
      REST_ANON_ROLE: undefined,
      REST_MAX_ROWS: undefined,
      REST_AGGREGATES: true,
      REST_EXTRA_SEARCH_PATH: ['public'],
      REST_PRE_REQUEST: undefined,
      REST_TX_END: 'commit',
      REST_REQUEST_SETTINGS: false,
      REST_PLAN: false,
      REST_SERVER_TIMING: true,
      REST_STREAMS: 8,
      REST_STREAM_STALL_MS: 30_000,
      LAKEHOUSE_QUERY_CONCURRENCY: 2,
      LAKEHOUSE_QUERY_QUEUE: 32,
      LAKEHOUSE_QUERY_WAIT_MS: 10_000,
      LAKEHOUSE_QUERY_TIMEOUT_MS: 60_000,
      LAKEHOUSE_QUERY_STALL_MS: 30_000,
      LAKEHOUSE_USER_TOKEN: false,
      WRITE_MAX_BODY_BYTES: 10 * 1024 * 1024,
      WRITE_STATEMENT_TIMEOUT_MS: 30_000,
      IMPORT_STALL_MS: 60_000,
      DB_POOL_MAX: 16,
      TABLES_AT_ONCE_BYTES: 4 * 1024 * 1024,
      UNDO_PAGE_BYTES: 1024 * 1024,
      FILES_URL: pathToFileURL(join(options.config.dataDirectory, 'files')).href,
      FILES_MAX_BYTES: 1024 ** 3,
      FILES_STALL_MS: 30_000,
      FILES_UNUSED_HOURS: 24,
    },
    connectionString: options.databaseUrl('write'),
    adminUrl: options.databaseUrl('admin'),
    verifier: options.verifier,
    runtime: runtimeOf(options, 'write'),
    lakehouse: options.lakehouse,
  });
}

function cdc(options: EmbeddedOptions): DynamicModule {
  return CdcModule.register({
    config: CdcModule.config({
      DATABASE_URL: options.databaseUrl('cdc'),
      CDC_TOPIC_PREFIX: options.config.topicPrefix,
      CDC_SNAPSHOT: 'never',
      CDC_TAKEOVER_AFTER_MS: 0,
      CDC_SLOT_LAG_MAX_BYTES: 0,
      CDC_PORT: 0,
    }),
    changeLog: options.changeLog,
    runtime: runtimeOf(options, 'cdc'),
  });
}

function workflow(options: EmbeddedOptions): DynamicModule {
  return WorkflowModule.register({
    config: { CDC_TOPIC_PREFIX: options.config.topicPrefix, WORKFLOW_CONCURRENCY: 4, WORKFLOW_HOP_LIMIT: 8, WORKFLOW_RECONCILE_MS: 30_000, DB_POOL_MAX: 10 },
    connectionString: options.databaseUrl('workflow'),
    adminUrl: options.databaseUrl('superuser'),
    changeLog: options.changeLog,
    jobs: options.jobs,
    verifier: options.verifier,
    runtime: runtimeOf(options, 'workflow'),
    demoData: options.config.demoData,
    lakehouse: options.lakehouse,
  });
}

function lakehouse(options: EmbeddedOptions): DynamicModule {
  return LakehouseModule.register({
    config: options.config.lakehouse,
    changeLog: options.changeLog,
    lakehouse: options.lakehouse,
    pool: options.lakehousePool,
    adminUrl: options.databaseUrl('superuser'),
    verifier: options.verifier,
    runtime: runtimeOf(options, 'lakehouse'),
  });
}

function notification(options: EmbeddedOptions): DynamicModule {
  return NotificationModule.register({
    config: {
      schemas: undefined,
      anonRole: undefined,
      cursorSecret: options.cursorSecret,
      heartbeatMs: 15_000,
      maxBufferedEvents: 4_000,
      maxBufferedBytes: 4 * 1024 * 1024,
      recheckMs: 10_000,
    },
    changeLog: options.changeLog,
    pool: options.notificationPool,
    verifier: options.verifier,
    runtime: runtimeOf(options, 'notification'),
    topicPrefix: options.config.topicPrefix,
  });
}
