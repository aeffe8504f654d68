import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Workspace } from '#libs/lakehouse/databricks/workspace';
import { workspaceOn } from '#libs/lakehouse/databricks/workspace.fixture';
import { createLogger } from '#libs/runtime/logger';
import { DatabricksDouble } from '#libs/testing/databricks/databricks-double';
import { createTestDatabase } from '#libs/testing/postgres';
import { type FlowDatabase, installFlowDatabase } from '../install/flow-database.fixture.ts';
import { CaseOffers, MOST_ATTEMPTS } from './case-offers.ts';
import { JobRuns } from './job-runs.ts';

const JOB = 42;
const logger = createLogger({ service: 'test', level: 'silent' });
let flows: FlowDatabase;
let double: DatabricksDouble;
let workspace: Workspace;
let offers: CaseOffers;
let runs: JobRuns;

beforeAll(async () => {
  [flows, double] = await Promise.all([createTestDatabase().then(installFlowDatabase), DatabricksDouble.start()]);
  double.rest.jobs.add(JOB);
  workspace = workspaceOn(double);
});
afterAll(async () => {
  await workspace.close();
  await double.stop();
  await flows.drop();
});
beforeEach(async () => {
  await flows.database.client.query('delete from lakeloop.case_offer');
  double.rest.runs.clear();
  offers = new CaseOffers(flows.pool, 'exceptions');
  runs = new JobRuns({ flow: 'exceptions', offers, runs: workspace.jobs, logger });
});

async function offered(): Promise<string> {
  const caseId = randomUUID();
  await offers.offer({ caseId, eventId: caseId, hop: 0, publishedAt: null }, 'a'.repeat(32));
  return caseId;
}
const runIds = (): number[] => [...double.rest.runs.keys()];
/** What was put off comes due. */
const hurry = () => flows.database.client.query('update lakeloop.case_offer set not_before = clock_timestamp()');

describe('a Databricks job for each case', () => {
  it('is started with the flow and the case, once', async () => {
    const caseId = await offered();
    await runs.start(JOB);
    await runs.start(JOB);
    await runs.tend(JOB);
    expect([...double.rest.runs.values()].map(({ jobId, parameters }) => [jobId, parameters])).toEqual([[JOB, { flow: 'exceptions', case_id: caseId }]]);
  });

  it('is the same run when the answer to its start was lost', async () => {
    await offered();
    double.fail({ on: '/api/2.2/jobs/run-now', with: 'cut' });
    await runs.start(JOB);
    expect(runIds()).toHaveLength(1);
  });

  it('is followed by another when it ended without completing its case, and by parking in the end', async () => {
    const caseId = await offered();
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      await runs.tend(JOB);
      const runId = runIds().at(-1) ?? 0;
      expect(runIds()).toHaveLength(attempt);
      // Some jobs claim their case and die with it, some die before.
      if (attempt % 2 === 0) expect(await offers.claim('agent', { most: 1, leaseSeconds: 600, caseId })).toEqual([expect.objectContaining({ attempt })]);
      double.rest.finish(runId, 'FAILED');
      await runs.tend(JOB);
      await hurry();
    }
    await runs.tend(JOB);
    expect(runIds()).toHaveLength(MOST_ATTEMPTS);
    expect(await offers.list(10)).toEqual([expect.objectContaining({ caseId, state: 'parked', failure: expect.stringContaining('failed') })]);
  });

  it('begins anew when a person redrives a parked case', async () => {
    const caseId = await offered();
    await runs.start(JOB);
    await flows.database.client.query('update lakeloop.case_offer set parked_at = clock_timestamp(), attempts = 5');
    expect(await offers.redrive(caseId)).toBe(true);
    await runs.start(JOB);
    expect(runIds()).toHaveLength(2);
  });

  it('that succeeded without completing its case is told apart', async () => {
    await offered();
    await runs.start(JOB);
    double.rest.finish(runIds()[0] ?? 0, 'SUCCESS');
    await runs.tend(JOB);
    expect((await offers.list(1))[0]?.failure).toContain('without completing');
  });

  it('needs a workspace, and says which settings name one', async () => {
    await offered();
    const nowhere = new JobRuns({ flow: 'exceptions', offers, runs: null, logger });
    await expect(nowhere.start(JOB)).rejects.toMatchObject({ kind: 'misconfigured', message: expect.stringContaining('DATABRICKS_HOST') });
  });
});
