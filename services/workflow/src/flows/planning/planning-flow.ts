import { z } from 'zod';
import { flowQueueName } from '#contracts/jobs/case-job';
import type { TableName } from '#libs/postgres/identifiers';
import { type ChangeTrigger, type Flow, flowStep, type FlowStep } from '../flow.ts';
import type { Governed } from '#libs/governance/governed';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import type { Clock } from '#libs/runtime/clock';
import type { Logger } from '#libs/runtime/logger';
import { ConsolidatedPlan } from './run/consolidated-plan.ts';
import { PlanningRuns } from './run/planning-run.ts';
import { PlanningRunner } from './run/planning-runner.ts';
import { PLANNING_ROLE, PLANNING_TABLES, REFERENCE_TABLES, SCHEMA, SCOPED_TABLES } from './tables/planning-tables.ts';

/** Tables whose changes a plan depends on, and those that ask for a run. */
const WATCHED = [...REFERENCE_TABLES, ...SCOPED_TABLES, 'frozen_periods', 'run_requests'];

const notice = z.object({ table: z.string() });

/**
 * Three teams' tables into one plan. A change only wakes the runner: what is to be done lies in Postgres (touched scopes, requests, slots), so a lost or repeated
 * wake-up changes nothing.
 */
export class PlanningFlow implements Flow {
  readonly name = 'planning';
  readonly role = PLANNING_ROLE;
  readonly tables: readonly TableName[] = PLANNING_TABLES;
  readonly triggers: readonly ChangeTrigger[];
  readonly steps: readonly FlowStep[];
  readonly #runner: PlanningRunner;

  constructor(runner: PlanningRunner) {
    this.#runner = runner;
    const queue = { name: flowQueueName('planning', 'notice'), schema: notice, attempts: 3, backoffMs: 200 };
    this.triggers = WATCHED.map((name) => ({
      table: { schema: SCHEMA, name },
      step: 'notice',
      payloadOf: ({ value }) => (value.op === 'r' ? null : { table: name }),
    }));
    this.steps = [flowStep({ name: 'notice', queue, concurrency: 16, handle: () => Promise.resolve(this.#runner.wake()) })];
  }

  /** What was left to do when the last process ended is done first. */
  begin(): Promise<void> {
    this.#runner.start();
    return Promise.resolve();
  }

  end(): Promise<void> {
    return this.#runner.end();
  }

  reconcile(): Promise<number> {
    this.#runner.wake(0);
    return Promise.resolve(0);
  }
}

export interface PlanningFlowOptions {
  governed: Governed;
  connectionString: string;
  lakehouse: Lakehouse;
  clock: Clock;
  logger: Logger;
}

const DEBOUNCE = { quietMs: 250, mostMs: 2_000 };

export function planningFlow({ governed, connectionString, lakehouse, clock, logger }: PlanningFlowOptions): PlanningFlow {
  const runs = new PlanningRuns({ governed, plan: new ConsolidatedPlan(lakehouse, logger), logger });
  return new PlanningFlow(new PlanningRunner({ runs, connectionString, debounce: DEBOUNCE, clock, logger }));
}
