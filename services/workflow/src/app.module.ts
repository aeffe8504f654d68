import { type DynamicModule, Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import type pg from 'pg';
import type { ChangeLog } from '#libs/changelog/change-log';
import { Governed } from '#libs/governance/governed';
import { TokenVerifier } from '#libs/governance/token-verifier';
import { Jobs } from '#libs/jobs/jobs';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import type { Workspace } from '#libs/lakehouse/databricks/workspace';
import { createPool } from '#libs/postgres/pool';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { ChangeConsumer } from './consume/change-consumer.ts';
import { EXCEPTION_FLOWS } from './flows/all.ts';
import { planningFlow } from './flows/planning/planning-flow.ts';
import { FlowRegistry } from './flows/flow-registry.ts';
import { ClaimsController } from './http/claims.controller.ts';
import { FlowAccess } from './http/flow-access.ts';
import { FlowsController } from './http/flows.controller.ts';
import { ModelsController } from './http/models.controller.ts';
import { ParkedController } from './http/parked.controller.ts';
import { prepareFlows } from './prepare-flows.ts';
import { ExceptionFlow, flowMetrics } from './recommend/exception-flow.ts';
import { TraceController } from './trace/trace.controller.ts';
import { TraceReader } from './trace/trace-reader.ts';
import { WorkflowService } from './workflow-service.ts';
import type { WorkflowConfig } from './workflow-settings.ts';

export interface WorkflowModuleOptions {
  config: WorkflowConfig;
  /** Login of the service (decisions.md 1). */
  connectionString: string;
  /** Login for DDL; absent: everything must be installed already. */
  adminUrl?: string;
  changeLog: ChangeLog;
  jobs: Jobs;
  verifier: TokenVerifier;
  runtime: ServiceRuntime;
  /** Load the demo's history when `exceptions.transactions` is empty. Needs `adminUrl`; embedded Postgres only (decisions.md 11). */
  demoData?: boolean;
  /** Where consolidated plans go; absent: this process makes no plans. It is the caller's to close. */
  lakehouse?: Lakehouse;
  /** Databricks jobs and served models; absent: no flow can be recommended by them. It is the caller's to close. */
  workspace?: Pick<Workspace, 'jobs' | 'models'>;
}

const SERVICE = Symbol('WorkflowService');
const PARTS = Symbol('WorkflowParts');

/** Flows: changes in, recommendations out; and what is known of them over HTTP. */
@Module({})
export class WorkflowModule implements OnApplicationBootstrap {
  readonly #options: WorkflowModuleOptions;
  readonly #service: WorkflowService;
  readonly #pool: pg.Pool;

  constructor(@Inject(PARTS) parts: Parts) {
    this.#options = parts.options;
    this.#service = parts.service;
    this.#pool = parts.pool;
  }

  static register(options: WorkflowModuleOptions): DynamicModule {
    const parts = assemble(options);
    return {
      module: WorkflowModule,
      controllers: [ClaimsController, FlowsController, ModelsController, ParkedController, TraceController],
      providers: [
        { provide: PARTS, useValue: parts },
        { provide: SERVICE, useValue: parts.service },
        { provide: FlowAccess, useValue: new FlowAccess(parts.flows) },
        { provide: TraceReader, useValue: new TraceReader(parts.pool, parts.governed) },
        { provide: TokenVerifier, useValue: options.verifier },
        { provide: Jobs, useValue: options.jobs },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    const { runtime, changeLog, jobs } = this.#options;
    runtime.health.register('workflow: postgres', async () => ({ ready: Boolean(await this.#pool.query('select 1')) }));
    runtime.health.register('workflow: change log', () => changeLog.ping().then(() => ({ ready: true })));
    runtime.health.register('workflow: jobs', () => jobs.ping().then(() => ({ ready: true })));
    runtime.health.register('workflow: flows', () => this.#service.readiness());
    await runtime.lifecycles.run([poolLifecycle(this.#pool), this.#service]);
  }
}

interface Parts {
  options: WorkflowModuleOptions;
  pool: pg.Pool;
  governed: Governed;
  flows: ExceptionFlow[];
  service: WorkflowService;
}

function assemble(options: WorkflowModuleOptions): Parts {
  const { config, connectionString, adminUrl, changeLog, jobs, runtime, demoData } = options;
  const { logger, clock, metrics: registryOfMetrics } = runtime;
  const pool = createPool({ connectionString, name: 'lakeloop-workflow', max: config.DB_POOL_MAX, logger });
  const governed = new Governed(pool);
  const common = {
    governed,
    pool,
    connectionString,
    jobs,
    logger,
    metrics: flowMetrics(registryOfMetrics),
    hopLimit: config.WORKFLOW_HOP_LIMIT,
    workspace: options.workspace ?? null,
  };
  const tuning = { concurrency: config.WORKFLOW_CONCURRENCY, graceSeconds: 10 };
  const flows = EXCEPTION_FLOWS.map((definition) => new ExceptionFlow(definition, { ...common, ...tuning }));
  const { lakehouse } = options;
  const planning = lakehouse ? [planningFlow({ governed, connectionString, lakehouse, clock, logger })] : [];
  const registry = new FlowRegistry([...flows, ...planning]);
  const consumer = new ChangeConsumer({ changeLog, jobs, registry, topicPrefix: config.CDC_TOPIC_PREFIX, logger });
  const prepare = () => prepareFlows({ registry, pool, definitions: EXCEPTION_FLOWS, logger, demoData: demoData ?? false, ...(adminUrl ? { adminUrl } : {}) });
  const service = new WorkflowService({ registry, consumer, jobs, prepare, reconcileMs: config.WORKFLOW_RECONCILE_MS, clock, logger });
  return { options, pool, governed, flows, service };
}

/** Closed last: what drains before it may still need connections. */
function poolLifecycle(pool: pg.Pool): Lifecycle {
  return { name: 'workflow pool', run: () => Promise.resolve(), drain: () => Promise.resolve(), stop: () => pool.end() };
}
