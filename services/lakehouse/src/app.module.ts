import { type DynamicModule, Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import type pg from 'pg';
import { createPool } from '#libs/postgres/pool';
import type { ChangeLog } from '#libs/changelog/change-log';
import { PRINCIPAL_GUARD_OPTIONS } from '#libs/governance/http/principal.guard';
import { TokenVerifier } from '#libs/governance/token-verifier';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import type { Readiness } from '#libs/runtime/health';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { HistoryFeeds } from './ingest/history-feeds.ts';
import { batchMaker } from './ingest/make-batch.ts';
import type { LakehouseConfig } from './lakehouse-config.ts';
import { createLakehouseMetrics } from './metrics.ts';
import { Mirrors } from './mirror/mirrors.ts';
import { MirrorsController } from './mirror/mirrors.controller.ts';
import { TableCatalogue } from './source/table-catalogue.ts';
import { TableReports } from './table-reports.ts';
import { TablesController } from './tables.controller.ts';

export { lakehouseConfig, type LakehouseConfig } from './lakehouse-config.ts';

export interface LakehouseOptions {
  config: LakehouseConfig;
  changeLog: ChangeLog;
  lakehouse: Lakehouse;
  /** Of a login that reads the source's catalogue; null: every column is text. */
  pool: pg.Pool | null;
  /** Of a member of lakeloop_owner, which makes mirrors' tables; absent: they are refreshed, but none is made. */
  adminUrl?: string;
  /** Null: nobody can ask. */
  verifier: TokenVerifier | null;
  runtime: ServiceRuntime;
}

const PARTS = Symbol('lakehouse parts');
interface Parts {
  runtime: ServiceRuntime;
  lifecycles: readonly Lifecycle[];
}

/** Change topics → history tables in the lakehouse, and what is derived from them. */
@Module({})
export class LakehouseModule implements OnApplicationBootstrap {
  readonly #parts: Parts;

  constructor(@Inject(PARTS) parts: object) {
    this.#parts = parts as Parts;
  }

  static register(options: LakehouseOptions): DynamicModule {
    const { runtime, lakehouse, verifier, pool, adminUrl } = options;
    const { logger } = runtime;
    const feeds = assemble(options);
    const admin = adminUrl === undefined ? null : createPool({ connectionString: adminUrl, name: 'lakeloop-lakehouse-admin', max: 2, logger });
    const mirrors = new Mirrors({ lakehouse, pool, admin, logger });
    return {
      module: LakehouseModule,
      controllers: [TablesController, MirrorsController],
      providers: [
        { provide: PARTS, useValue: { runtime, lifecycles: [feeds, mirrors] } satisfies Parts },
        { provide: TableReports, useValue: new TableReports(feeds, lakehouse) },
        { provide: Mirrors, useValue: mirrors },
        { provide: TokenVerifier, useValue: verifier },
        { provide: PRINCIPAL_GUARD_OPTIONS, useValue: {} },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#parts.runtime.lifecycles.run(this.#parts.lifecycles);
  }
}

function assemble({ config, changeLog, lakehouse, pool, runtime }: LakehouseOptions): HistoryFeeds {
  const catalogue = pool && new TableCatalogue(pool);
  const ready = async (ping: Promise<unknown>): Promise<Readiness> => ping.then(() => ({ ready: true }));
  runtime.health.register('lakehouse: change log', () => ready(changeLog.ping()));
  runtime.health.register('lakehouse: lakehouse', () => ready(lakehouse.ping()));
  if (catalogue) runtime.health.register('lakehouse: postgres', () => ready(catalogue.ping()));
  // Metrics ask for the lag of feeds that are made with them.
  const lag = (): ReadonlyMap<string, number> =>
    new Map(
      feeds.tables.map(({ source, partitions }) => [`${source.schema}.${source.table}`, Math.max(0, ...partitions.map(({ state }) => state.lagSeconds))]),
    );
  const feeds: HistoryFeeds = new HistoryFeeds({
    config,
    changeLog,
    lakehouse,
    readSource: catalogue ? (schema, table) => catalogue.read(schema, table) : undefined,
    makeBatch: batchMaker(lakehouse.dialect, config.stagingDirectory),
    runtime,
    metrics: createLakehouseMetrics(runtime.metrics, lag),
  });
  return feeds;
}
