import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DatabricksDouble } from '#libs/testing/databricks/databricks-double';
import type { Workspace } from '../workspace.ts';
import { workspaceOn } from '../workspace.fixture.ts';

describe("a workspace's REST API", () => {
  let double: DatabricksDouble;
  let workspace: Workspace;
  beforeAll(async () => {
    double = await DatabricksDouble.start();
    double.rest.jobs.add(42);
    double.rest.models.set('classifier', (records) => records.map(({ amount }) => Number(amount) > 10));
    double.rest.models.set('short', () => [1]);
    workspace = workspaceOn(double);
  });
  afterAll(async () => {
    await workspace.close();
    await double.stop();
  });
  beforeEach(() => void (double.calls.length = 0));

  describe('jobs', () => {
    it('start once for a key, whatever gets lost on the way', async () => {
      double.fail({ on: '/api/2.2/jobs/run-now', with: 'cut' });
      const first = await workspace.jobs.runNow({ jobId: 42, idempotencyKey: 'event '.repeat(40), parameters: { day: '2026-01-31' } });
      expect(await workspace.jobs.runNow({ jobId: 42, idempotencyKey: 'event '.repeat(40) })).toBe(first);
      expect(await workspace.jobs.runNow({ jobId: 42, idempotencyKey: 'another' })).not.toBe(first);
      expect(double.rest.runs.get(first)?.parameters).toEqual({ day: '2026-01-31' });
    });

    it('tell how they stand, and can be cancelled', async () => {
      const [one, two, three] = await Promise.all(['a', 'b', 'c'].map((idempotencyKey) => workspace.jobs.runNow({ jobId: 42, idempotencyKey })));
      expect(await workspace.jobs.get(one ?? 0)).toMatchObject({ runId: one, jobId: 42, state: 'running', detail: 'RUNNING' });
      double.rest.finish(one ?? 0, 'SUCCESS');
      double.rest.finish(two ?? 0, 'FAILED');
      await workspace.jobs.cancel(three ?? 0);
      const states = await Promise.all([one, two, three].map(async (id) => (await workspace.jobs.get(id ?? 0)).state));
      expect(states).toEqual(['succeeded', 'failed', 'canceled']);
    });

    it('that are not there are bad input', async () => {
      await expect(workspace.jobs.runNow({ jobId: 1, idempotencyKey: 'x' })).rejects.toMatchObject({
        kind: 'invalid-input',
        detail: { status: 400, errorCode: 'INVALID_PARAMETER_VALUE' },
      });
    });
  });

  describe('served models', () => {
    it('take records or columns, and give a prediction for each', async () => {
      const records = [{ amount: 5 }, { amount: 50 }];
      expect(await workspace.models.invoke({ endpoint: 'classifier', input: { records } })).toEqual([false, true]);
      expect(await workspace.models.invoke({ endpoint: 'classifier', input: { columns: ['amount'], data: [[50], [5]] } })).toEqual([true, false]);
    });

    it('are asked again when they are busy, and given up in the end', async () => {
      double.fail({ on: '/serving-endpoints', with: 429, times: 2, retryAfter: '0' });
      expect(await workspace.models.invoke({ endpoint: 'classifier', input: { records: [{ amount: 5 }] } })).toEqual([false]);
      double.calls.length = 0;
      double.fail({ on: '/serving-endpoints', with: 504, times: 4 });
      await expect(workspace.models.invoke({ endpoint: 'classifier', input: { records: [] } })).rejects.toMatchObject({ kind: 'dependency-unavailable' });
      expect(double.calls).toHaveLength(4);
    });

    it('that are not there, or answer something else, are told of', async () => {
      await expect(workspace.models.invoke({ endpoint: 'no/such', input: { records: [] } })).rejects.toMatchObject({ kind: 'invalid-input' });
      await expect(workspace.models.invoke({ endpoint: 'short', input: { records: [{}, {}] } })).rejects.toMatchObject({ kind: 'protocol-violation' });
    });

    it('stop when nobody waits', async () => {
      const abort = new AbortController();
      abort.abort(new Error('gone'));
      await expect(workspace.models.invoke({ endpoint: 'classifier', input: { records: [] }, signal: abort.signal })).rejects.toThrow('gone');
    });
  });
});
