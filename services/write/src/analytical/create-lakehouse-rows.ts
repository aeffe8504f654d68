import type pg from 'pg';
import { PolicySource } from '#libs/governance/policy/policy-source';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import type { RowExecutor } from '../rows/executor.ts';
import type { AnalyticalConfig } from '../write-settings.ts';
import { Admission } from './admission.ts';
import { LakehouseRows } from './lakehouse-rows.ts';
import { AnalyticalTables } from './tables.ts';

export interface LakehouseRowsParts {
  lakehouse: Lakehouse;
  executor: RowExecutor;
  pool: pg.Pool;
  config: AnalyticalConfig;
  runtime: ServiceRuntime;
}

/** The analytical layer over a lakehouse that is open. */
export function createLakehouseRows({ lakehouse, executor, pool, config, runtime }: LakehouseRowsParts): LakehouseRows {
  return new LakehouseRows({
    lakehouse,
    executor,
    pool,
    tables: new AnalyticalTables(lakehouse, pool, runtime.clock),
    policies: new PolicySource(pool),
    admission: new Admission({
      concurrency: config.LAKEHOUSE_QUERY_CONCURRENCY,
      queue: config.LAKEHOUSE_QUERY_QUEUE,
      waitMs: config.LAKEHOUSE_QUERY_WAIT_MS,
    }),
    logger: runtime.logger,
    timeoutMs: config.LAKEHOUSE_QUERY_TIMEOUT_MS,
    stallMs: config.LAKEHOUSE_QUERY_STALL_MS,
    passToken: config.LAKEHOUSE_USER_TOKEN,
  });
}
