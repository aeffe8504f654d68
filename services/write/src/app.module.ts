import { type DynamicModule, Inject, Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type pg from 'pg';
import { Governed } from '#libs/governance/governed';
import { PRINCIPAL_GUARD_OPTIONS } from '#libs/governance/http/principal.guard';
import { TokenVerifier } from '#libs/governance/token-verifier';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import { createPool } from '#libs/postgres/pool';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import type { Identify } from './asking.ts';
import type { OneProcessStand } from './one-process.ts';
import { AsOfLayer } from './as-of/as-of-layer.ts';
import { Checkpoints } from './as-of/checkpoints.ts';
import { AgentReads } from './audit/agent-reads.ts';
import { createLakehouseRows } from './analytical/create-lakehouse-rows.ts';
import { quoteTable } from '#libs/postgres/identifiers';
import { CatalogueCache } from './catalogue/catalogue-cache.ts';
import { AuditUpkeep } from './history/audit-upkeep.ts';
import { fileRoutes } from './files/file-routes.ts';
import { type FileParts, filePartsOf } from './files/file-parts.ts';
import { HistoryController } from './history/history.controller.ts';
import { HistoryRooms } from './history/history-rooms.ts';
import { UndoRuns } from './history/undo-runs.ts';
import { batchRoute } from './batch/batch-route.ts';
import type { BatchStand } from './batch/run-batch.ts';
import { contentRoute } from './imports/content-route.ts';
import { ImportRooms } from './imports/import-rooms.ts';
import { ImportsController } from './imports/imports.controller.ts';
import { QueryController } from './queries/query.controller.ts';
import { ROWS } from './queries/rows-token.ts';
import { CallService } from './rows/call/call-service.ts';
import { DescriptionService } from './rows/description/description-service.ts';
import { RowExecutor } from './rows/executor.ts';
import { Authenticator } from './rows/http/authenticate.ts';
import { RowMetrics } from './rows/http/row-metrics.ts';
import { rowRoutes } from './rows/http/row-routes.ts';
import { RowService } from './rows/row-service.ts';
import { RowStreams } from './rows/stream/row-streams.ts';
import { allowsTx, type SessionPolicy } from './rows/session-policy.ts';
import { VersionGrants } from './rows/version-grants.ts';
import { StepEditor } from './tables/steps/step-editor.ts';
import { StepwiseEdits } from './tables/steps/stepwise-edits.ts';
import { TableEditor } from './tables/table-editor.ts';
import { TableRooms } from './tables/table-rooms.ts';
import { TablesController } from './tables/tables.controller.ts';
import { ViewRooms } from './tables/views/view-rooms.ts';
import { ViewsController } from './tables/views/views.controller.ts';
import { createStreamPool, createWritePool } from './write-pool.ts';
import type { WriteConfig } from './write-settings.ts';

export interface WriteModuleOptions {
  config: WriteConfig;
  /** Login of the service (decisions.md 1). */
  connectionString: string;
  /** Login for DDL, in a pool that the row API can't reach; absent: tables can't be edited. */
  adminUrl?: string;
  /** Null where only the anonymous role is served. */
  verifier: TokenVerifier | null;
  runtime: ServiceRuntime;
  /** Where analytical tables live; absent: there are none. Opened and closed by the process. */
  lakehouse?: Lakehouse;
}

const OPTIONS = Symbol('WriteModuleOptions');
const PARTS = Symbol('WriteModuleParts');

/** Rows over HTTP in PostgREST's dialect: `/rest/v1/<table>`. */
@Module({})
export class WriteModule implements OnModuleInit, OnApplicationBootstrap {
  readonly #options: WriteModuleOptions;
  readonly #parts: Parts;
  readonly #host: HttpAdapterHost<FastifyAdapter>;

  constructor(@Inject(OPTIONS) options: WriteModuleOptions, @Inject(PARTS) parts: Parts, host: HttpAdapterHost<FastifyAdapter>) {
    this.#options = options;
    this.#parts = parts;
    this.#host = host;
  }

  static register(options: WriteModuleOptions): DynamicModule {
    const parts = assemble(options);
    const { REST_ANON_ROLE: anonRole } = options.config;
    return {
      module: WriteModule,
      controllers: [QueryController, HistoryController, TablesController, ViewsController, ImportsController],
      providers: [
        { provide: OPTIONS, useValue: options },
        { provide: PARTS, useValue: parts },
        { provide: ROWS, useValue: parts.rows },
        { provide: HistoryRooms, useValue: parts.history },
        { provide: ImportRooms, useValue: parts.imports },
        { provide: TableRooms, useValue: parts.tables },
        { provide: ViewRooms, useValue: parts.views },
        { provide: TokenVerifier, useValue: options.verifier },
        { provide: PRINCIPAL_GUARD_OPTIONS, useValue: anonRole === undefined ? {} : { anonRole } },
      ],
    };
  }

  onModuleInit(): void {
    const { config, verifier, runtime } = this.#options;
    const authenticator = new Authenticator(verifier, config.REST_ANON_ROLE);
    const identify: Identify = (authorization) => authenticator.identify(authorization);
    const { logger } = runtime;
    const { imports, batch, catalogue, files, governed, reads } = this.#parts;
    const fastify = this.#host.httpAdapter.getInstance();
    void fastify.register(contentRoute, { prefix: '/v1/imports', imports, identify, logger });
    void fastify.register(fileRoutes, { prefix: '/v1/files', files: files?.stand ?? null, governed, catalogue, reads, identify, logger });
    void fastify.register(batchRoute, { prefix: '/v1/batch', batch, catalogue, identify, logger, maxBodyBytes: config.WRITE_MAX_BODY_BYTES });
    void fastify.register(rowRoutes, {
      prefix: '/rest/v1',
      rows: this.#parts.rows,
      calls: this.#parts.calls,
      descriptions: this.#parts.descriptions,
      authenticator,
      metrics: new RowMetrics(runtime.metrics),
      logger,
      maxBodyBytes: config.WRITE_MAX_BODY_BYTES,
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    const { runtime } = this.#options;
    const { catalogue, pool, streams, checkpoints, upkeep, edits, undos, files } = this.#parts;
    runtime.health.register('write: postgres', () => catalogue.readiness());
    await runtime.lifecycles.run([
      ...(edits ? [poolLifecycle('write DDL pool', edits.admin), edits.steps] : []),
      poolLifecycle('write pool', pool),
      poolLifecycle('write streams pool', streams),
      catalogue,
      checkpoints,
      upkeep,
      undos,
      ...(files ? [files.unused] : []),
    ]);
  }
}

interface Parts {
  pool: pg.Pool;
  streams: pg.Pool;
  checkpoints: Checkpoints;
  upkeep: AuditUpkeep;
  catalogue: CatalogueCache;
  rows: RowService;
  history: HistoryRooms;
  undos: UndoRuns;
  tables: TableRooms;
  views: ViewRooms;
  imports: ImportRooms;
  batch: BatchStand;
  governed: Governed;
  reads: AgentReads;
  files: FileParts | undefined;
  edits: Edits | undefined;
  calls: CallService;
  descriptions: DescriptionService;
}

function assemble(options: WriteModuleOptions): Parts {
  const { config, runtime, lakehouse } = options;
  const pool = createWritePool(options);
  const streams = createStreamPool(options);
  const catalogue = catalogueOf(options, pool);
  const edits = editsOf(options, catalogue);
  const governed = new Governed(pool);
  const executor = new RowExecutor(governed, pool);
  const sessions = sessionsOf(config);
  const limits = { maxRows: config.REST_MAX_ROWS, aggregates: config.REST_AGGREGATES, tx: allowsTx(sessions) };
  const reads = new AgentReads(pool, runtime.logger);
  const calls = new CallService({ catalogue, executor, limits, sessions, reads });
  const descriptions = new DescriptionService({ catalogue, executor, sessions });
  const shared = { catalogue, sessions, timing: config.REST_SERVER_TIMING, reads, versions: new VersionGrants(runtime.clock), limits };
  const rows = new RowService({
    ...shared,
    executor,
    past: new AsOfLayer(pool),
    streams: new RowStreams({ pool: streams, stallMs: config.REST_STREAM_STALL_MS, logger: runtime.logger }),
    ...(lakehouse ? { analytical: createLakehouseRows({ lakehouse, executor, pool, config, runtime }) } : {}),
  });
  const stand = { pool, governed, pageBytes: config.UNDO_PAGE_BYTES };
  const undos = new UndoRuns(stand, runtime.logger);
  const history = new HistoryRooms({ stand, undos, catalogue, reads });
  return {
    pool,
    streams,
    checkpoints: new Checkpoints(aside(options, catalogue, 'checkpoints')),
    upkeep: new AuditUpkeep(aside(options, catalogue, 'upkeep')),
    catalogue,
    rows,
    calls,
    descriptions,
    history,
    undos,
    tables: new TableRooms(pool, catalogue, edits?.editor),
    views: new ViewRooms({ pool, governed }, catalogue),
    imports: new ImportRooms({ pool, governed, stallMs: config.IMPORT_STALL_MS }, catalogue),
    batch: { governed, rows: shared },
    governed,
    reads,
    files: filesOf(options, pool, catalogue),
    edits,
  };
}

function sessionsOf(config: WriteConfig): SessionPolicy {
  const { REST_EXTRA_SEARCH_PATH: searched, REST_TX_END: txEnd, REST_REQUEST_SETTINGS: requestSettings, REST_PLAN: plans } = config;
  return { searched, preRequest: config.REST_PRE_REQUEST && quoteTable(config.REST_PRE_REQUEST), txEnd, requestSettings, plans };
}

function catalogueOf({ config, connectionString, runtime: { clock, logger } }: WriteModuleOptions, pool: pg.Pool): CatalogueCache {
  return new CatalogueCache({ pool, connectionString, schemas: config.REST_SCHEMAS, searched: config.REST_EXTRA_SEARCH_PATH, clock, logger });
}

/** Edits of tables, where there is a login for DDL. */
interface Edits {
  admin: pg.Pool;
  steps: StepwiseEdits;
  editor: TableEditor;
}

function editsOf({ adminUrl: connectionString, config, runtime }: WriteModuleOptions, catalogue: CatalogueCache): Edits | undefined {
  if (connectionString === undefined) return undefined;
  const admin = createPool({ connectionString, name: 'lakeloop-write-ddl', max: 2, logger: runtime.logger });
  const steps = new StepwiseEdits(aside({ connectionString, runtime }, catalogue, 'steps', 2));
  const editor = new TableEditor(admin, new StepEditor({ admin, atOnceBytes: config.TABLES_AT_ONCE_BYTES, begun: () => steps.call() }));
  return { admin, steps, editor };
}

function filesOf(options: WriteModuleOptions, pool: pg.Pool, catalogue: CatalogueCache): FileParts | undefined {
  const { FILES_URL: url, FILES_MAX_BYTES: maxBytes, FILES_STALL_MS: stallMs, FILES_UNUSED_HOURS: hours } = options.config;
  if (url === undefined) return undefined;
  return filePartsOf({ url, pool, maxBytes, stallMs, afterSeconds: hours * 3_600, aside: aside(options, catalogue, 'files') });
}

type Connects = Pick<WriteModuleOptions, 'connectionString' | 'runtime'>;

/** What work beside the requests needs: connections of its own. */
function aside({ connectionString, runtime: { logger } }: Connects, catalogue: CatalogueCache, name: string, max = 1): OneProcessStand {
  const pool = createPool({ connectionString, name: `lakeloop-write-${name}`, max, logger });
  return { pool, governed: () => catalogue.current?.governed === true, logger };
}

/** Closed last: what drains before it may still need connections. */
function poolLifecycle(name: string, pool: pg.Pool): Lifecycle {
  return { name, run: () => Promise.resolve(), drain: () => Promise.resolve(), stop: () => pool.end() };
}
