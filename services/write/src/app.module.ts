import { type DynamicModule, Inject, Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type pg from 'pg';
import { Governed } from '#libs/governance/governed';
import type { TokenVerifier } from '#libs/governance/token-verifier';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { createLakehouseRows } from './analytical/create-lakehouse-rows.ts';
import { CatalogueCache } from './catalogue/catalogue-cache.ts';
import { RowExecutor } from './rows/executor.ts';
import { Authenticator } from './rows/http/authenticate.ts';
import { RowMetrics } from './rows/http/row-metrics.ts';
import { rowRoutes } from './rows/http/row-routes.ts';
import { RowService } from './rows/row-service.ts';
import { VersionGrants } from './rows/version-grants.ts';
import { createWritePool } from './write-pool.ts';
import type { WriteConfig } from './write-settings.ts';

export interface WriteModuleOptions {
  config: WriteConfig;
  /** Login of the service (decisions.md 1). */
  connectionString: string;
  /** Null where only the anonymous role is served. */
  verifier: TokenVerifier | null;
  runtime: ServiceRuntime;
  /** Where analytical tables live; absent: there are none. Opened and closed by the process. */
  lakehouse?: Lakehouse;
}

const OPTIONS = Symbol('WriteModuleOptions');

/** Rows over HTTP in PostgREST's dialect: `/rest/v1/<table>`. */
@Module({})
export class WriteModule implements OnModuleInit, OnApplicationBootstrap {
  readonly #options: WriteModuleOptions;
  readonly #host: HttpAdapterHost<FastifyAdapter>;
  readonly #pool: pg.Pool;
  readonly #catalogue: CatalogueCache;

  constructor(@Inject(OPTIONS) options: WriteModuleOptions, host: HttpAdapterHost<FastifyAdapter>) {
    const { config, connectionString, runtime } = options;
    this.#options = options;
    this.#host = host;
    this.#pool = createWritePool(options);
    this.#catalogue = new CatalogueCache({ pool: this.#pool, connectionString, schemas: config.REST_SCHEMAS, clock: runtime.clock, logger: runtime.logger });
  }

  static register(options: WriteModuleOptions): DynamicModule {
    return { module: WriteModule, providers: [{ provide: OPTIONS, useValue: options }] };
  }

  async onModuleInit(): Promise<void> {
    const { config, verifier, runtime } = this.#options;
    const executor = new RowExecutor(new Governed(this.#pool), this.#pool);
    const { lakehouse } = this.#options;
    const rows = new RowService({
      catalogue: this.#catalogue,
      executor,
      ...(lakehouse ? { analytical: createLakehouseRows({ lakehouse, executor, pool: this.#pool, config, runtime }) } : {}),
      versions: new VersionGrants(runtime.clock),
      limits: { maxRows: config.REST_MAX_ROWS, aggregates: config.REST_AGGREGATES },
    });
    await this.#host.httpAdapter.getInstance().register(rowRoutes, {
      prefix: '/rest/v1',
      rows,
      authenticator: new Authenticator(verifier, config.REST_ANON_ROLE),
      metrics: new RowMetrics(runtime.metrics),
      logger: runtime.logger,
      maxBodyBytes: config.WRITE_MAX_BODY_BYTES,
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    const { runtime } = this.#options;
    runtime.health.register('write: postgres', () => this.#catalogue.readiness());
    await runtime.lifecycles.run([poolLifecycle(this.#pool), this.#catalogue]);
  }
}

/** Closed last: what drains before it may still need connections. */
function poolLifecycle(pool: pg.Pool): Lifecycle {
  return { name: 'write pool', run: () => Promise.resolve(), drain: () => Promise.resolve(), stop: () => pool.end() };
}
