import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CaseJob, caseJob } from '#contracts/jobs/case-job';
import { Failure } from '#libs/failure/failure';
import { Governed } from '#libs/governance/governed';
import type { BullJobs } from '#libs/jobs/bull-jobs';
import type { JobQueue } from '#libs/jobs/jobs';
import { createPostgresJobs } from '#libs/jobs/postgres/postgres-jobs';
import { createLogger } from '#libs/runtime/logger';
import { createTestDatabase, type TestDatabase, uniqueName } from '#libs/testing/postgres';
import { definitionOf } from '../flows/all.ts';
import { type FlowDatabase, installFlowDatabase } from '../install/flow-database.fixture.ts';
import { CaseOffers } from '../work/case-offers.ts';
import { Models } from '../models/models.ts';
import { CaseReconciler } from './case-reconciler.ts';
import { principalOf } from './exception-flow.ts';

const definition = definitionOf('exceptions');
const principal = principalOf(definition);
const CLASSIFIER = { kind: 'classifier' } as const;
const logger = createLogger({ service: 'test', level: 'silent' });
let flows: FlowDatabase;
let queues: TestDatabase;
let jobs: BullJobs;

beforeAll(async () => {
  [flows, queues] = await Promise.all([createTestDatabase().then(installFlowDatabase), createTestDatabase()]);
  jobs = createPostgresJobs({ connectionString: queues.url, logger });
  await flows.database.client.query(
    "insert into exceptions.transactions (id, account, counterparty, amount, currency, channel, region) select n, 'A', 'B', 1, 'EUR', 'wire', 'EMEA' from generate_series(1, 5) n",
  );
});
afterAll(async () => {
  await jobs.close();
  await flows.drop();
  await queues.drop();
});

function reconcilerOf(queue: JobQueue<CaseJob>, graceSeconds = 0): CaseReconciler {
  const governed = new Governed(flows.pool);
  return new CaseReconciler({ definition, principal, governed, models: new Models(governed, principal, definition), jobs, queue, graceSeconds });
}
const newQueue = (): JobQueue<CaseJob> => ({ name: uniqueName('queue'), schema: caseJob, attempts: 1, backoffMs: 1 });

describe('the reconciler', () => {
  it('leaves cases waiting while there is no model', async () => {
    await flows.database.client.query('insert into exceptions.flags (transaction_id) values (1), (2)');
    expect(await reconcilerOf(newQueue()).reconcile(1, CLASSIFIER)).toBe(0);
  });

  it('derives every waiting case from Postgres when the queue lost them, once a slot', async () => {
    await flows.database.client.query("insert into exceptions.models (version, examples, metrics, artefact, trained_for) values ('v', 1, '{}', '{}', 'test')");
    const queue = newQueue();
    const reconciler = reconcilerOf(queue);
    expect(await reconciler.reconcile(1, CLASSIFIER)).toBe(2);
    expect(await reconciler.reconcile(1, CLASSIFIER)).toBe(2);
    expect((await jobs.counts(queue)).waiting).toBe(2);
    expect(await reconciler.reconcile(2, CLASSIFIER)).toBe(2);
    expect((await jobs.counts(queue)).waiting).toBe(4);
  });

  it('leaves young cases to their event, and closed ones to rest', async () => {
    expect(await reconcilerOf(newQueue(), 3_600).reconcile(1, CLASSIFIER)).toBe(0);
    await flows.database.client.query("update exceptions.flags set state = 'withdrawn'");
    expect(await reconcilerOf(newQueue()).reconcile(1, CLASSIFIER)).toBe(0);
  });

  it('leaves cases that are on offer to workers, until the offer is withdrawn', async () => {
    const { rows } = await flows.database.client.query<{ id: string }>('insert into exceptions.flags (transaction_id) values (5) returning id');
    const offers = new CaseOffers(flows.pool, 'exceptions');
    expect(await offers.offer({ caseId: rows[0]?.id ?? '', eventId: 'event', hop: 0, publishedAt: null }, 'f'.repeat(32))).toBe(true);
    expect(await reconcilerOf(newQueue()).reconcile(1, { kind: 'worker' })).toBe(0);
    expect(await offers.withdrawAll()).toBe(1);
    expect(await reconcilerOf(newQueue()).reconcile(1, CLASSIFIER)).toBe(1);
    await flows.database.client.query("update exceptions.flags set state = 'withdrawn' where state = 'flagged'");
  });

  it('leaves a parked case to the person who looks at it', async () => {
    const { rows } = await flows.database.client.query<{ id: string }>('insert into exceptions.flags (transaction_id) values (3), (4) returning id');
    const queue = newQueue();
    const seen = Promise.withResolvers<void>();
    await jobs.enqueue(queue, [{ id: 'event', payload: { caseId: rows[0]?.id ?? '', eventId: 'event', hop: 0, publishedAt: null } }]);
    const worker = await jobs.process(queue, () => {
      seen.resolve();
      return Promise.reject(new Failure('poison-record', 'broken'));
    });
    await seen.promise;
    await worker.drain();
    const reconciler = reconcilerOf(queue);
    expect(await reconciler.reconcile(1, CLASSIFIER)).toBe(1);
  });
});
