import type pg from 'pg';
import { installGovernance } from '#libs/governance/install';
import { Governed } from '#libs/governance/governed';
import { applyPolicy } from '#libs/governance/policy/apply-policy';
import { mergePolicies } from '#libs/governance/policy/merge-policies';
import type { Logger } from '#libs/runtime/logger';
import type { ExceptionFlowDefinition } from './cases/definition.ts';
import { loadDemo } from './flows/exceptions/demo/load-demo.ts';
import { loadPlanningDemo } from './flows/planning/demo/load-planning-demo.ts';
import type { FlowRegistry } from './flows/flow-registry.ts';
import { compilePolicy } from './install/compile-policy.ts';
import { installFlows } from './install/install-flows.ts';
import { planningPolicy } from './install/planning-policy.ts';

export interface PrepareFlowsOptions {
  registry: FlowRegistry;
  definitions: readonly ExceptionFlowDefinition[];
  pool: pg.Pool;
  adminUrl?: string;
  logger: Logger;
  demoData: boolean;
}

/** With an administrator's login: governance, tables, triggers, policy, demo data. In any case: everything is there, or a `misconfigured` Failure says what is not. */
export async function prepareFlows({ registry, definitions, pool, adminUrl, logger, demoData }: PrepareFlowsOptions): Promise<void> {
  if (adminUrl) {
    await installGovernance({ adminUrl, logger });
    await installFlows({ adminUrl, logger, flows: definitions });
    await applyPolicy(adminUrl, mergePolicies([...definitions.map(compilePolicy), planningPolicy()]));
    if (demoData) await loadDemo({ adminUrl, logger });
    if (demoData) await loadPlanningDemo({ adminUrl, governed: new Governed(pool), logger });
  }
  await registry.verify(pool);
}
