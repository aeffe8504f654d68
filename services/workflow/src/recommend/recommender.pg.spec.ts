import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Governed } from '#libs/governance/governed';
import { contextOf } from '#libs/governance/write-context';
import { createLogger } from '#libs/runtime/logger';
import { newTraceparent } from '#libs/runtime/telemetry';
import { createTestDatabase } from '#libs/testing/postgres';
import { exceptionsFlow } from '../flows/exceptions/definition.ts';
import { loadDemo } from '../flows/exceptions/demo/load-demo.ts';
import { Models } from '../models/models.ts';
import { Trainer } from '../models/trainer.ts';
import { type FlowDatabase, installFlowDatabase, person } from '../install/flow-database.fixture.ts';
import { TraceReader } from '../trace/trace-reader.ts';
import { principalOf } from './exception-flow.ts';
import { Recommender } from './recommender.ts';
import { ServedModel } from './served-model.ts';

const logger = createLogger({ service: 'test', level: 'error' });
const principal = principalOf(exceptionsFlow);
let flows: FlowDatabase;
let governed: Governed;
let models: Models;
let trainer: Trainer;
let recommender: Recommender;
let next = 1;

beforeAll(async () => {
  flows = await installFlowDatabase(await createTestDatabase());
  await loadDemo({ adminUrl: flows.database.url, logger, count: 1_500, until: Date.UTC(2026, 0, 1) });
  governed = new Governed(flows.pool);
  models = new Models(governed, principal, exceptionsFlow);
  trainer = new Trainer({ definition: exceptionsFlow, principal, models, governed, pool: flows.pool, connectionString: flows.url, logger });
  recommender = new Recommender({
    definition: exceptionsFlow,
    principal,
    governed,
    models,
    hopLimit: 3,
    served: new ServedModel(null),
    handOver: () => Promise.reject(new Error('nothing is handed over here')),
  });
});
afterAll(() => flows.drop());

/** A person's flag, as the write service would make it. */
async function flag(traceparent = newTraceparent()): Promise<{ caseId: string; eventId: string; hop: number; publishedAt: string }> {
  const analyst = person('analyst');
  const result = await new Governed(flows.writePool).execute({
    principal: analyst,
    context: contextOf(analyst, { requestId: 'r', traceparent }),
    statement: `with w as (insert into exceptions.flags (transaction_id, note) values (($1)[1]::bigint, 'looks like a duplicate of yesterday') returning id)
      select id::text, 1::bigint, 1::bigint, null::jsonb from w`,
    parameters: [String(next++)],
  });
  return { caseId: (result.outcome === 'executed' ? result.body : null) ?? '', eventId: randomUUID(), hop: 0, publishedAt: new Date().toISOString() };
}

interface Written {
  class: string;
  confidence: number;
  contributions: { feature: string }[];
  model_version: string;
  trace_id: string;
}

async function recommendationsOf(caseId: string): Promise<Written[]> {
  const { rows } = await flows.database.client.query<Written>('select * from exceptions.recommendations where flag_id = $1', [caseId]);
  return rows;
}

describe('a case without a model', () => {
  it('waits: nothing is invented', async () => {
    const job = await flag();
    expect(await recommender.recommend(job)).toBe('waiting');
    expect(await recommendationsOf(job.caseId)).toEqual([]);
  });
});

describe('a trained flow', () => {
  beforeAll(async () => {
    expect(await trainer.first(new AbortController().signal)).toBe(true);
  });

  it('trains once: a second start finds the model', async () => {
    expect(await trainer.first(new AbortController().signal)).toBe(false);
    expect(await models.list()).toHaveLength(1);
  });

  it('recommends as its own principal, in the trace of the flag, with the reasons', async () => {
    const traceparent = newTraceparent();
    const job = await flag(traceparent);
    expect(await recommender.recommend(job)).toBe('recommended');
    const [written] = await recommendationsOf(job.caseId);
    expect(written).toMatchObject({ trace_id: traceparent.slice(3, 35), model_version: (await models.state()).model });
    expect(written?.contributions.map(({ feature }) => feature)).toContain('note');
    const { rows } = await flows.database.client.query(
      "select actor, flow, hop, verified, role from audit.entry where table_name = 'recommendations' and trace_id = $1",
      [traceparent.slice(3, 35)],
    );
    expect(rows).toEqual([{ actor: 'flow:exceptions', flow: 'exceptions', hop: 1, verified: true, role: 'exceptions_flow' }]);
  });

  it('makes one recommendation of an event that comes twice, even at once', async () => {
    const job = await flag();
    const outcomes = await Promise.all([recommender.recommend(job), recommender.recommend(job), recommender.recommend(job)]);
    expect(outcomes.filter((outcome) => outcome === 'recommended')).toHaveLength(1);
    expect(await recommender.recommend(job)).toBe('moved');
    expect(await recommendationsOf(job.caseId)).toHaveLength(1);
    const { rowCount } = await flows.database.client.query('select from lakeloop.inbox where event_id = $1 and consumer = $2', [
      job.eventId,
      principal.subject,
    ]);
    expect(rowCount).toBe(1);
  });

  it('counts an event id once, whatever it is said to be about', async () => {
    const [first, second] = [await flag(), await flag()];
    expect(await recommender.recommend(first)).toBe('recommended');
    expect(await recommender.recommend({ ...second, eventId: first.eventId })).toBe('duplicate');
    expect(await recommendationsOf(second.caseId)).toEqual([]);
  });

  it('leaves nothing in the inbox when the write-back fails, so that the event counts again', async () => {
    const job = await flag();
    const broken = new Recommender({
      definition: exceptionsFlow,
      principal,
      governed,
      models: {
        classifier: async () => ({ classify: () => ({ class: 'nonsense', confidence: 1, probabilities: {}, contributions: [], logit: 0 }) }),
      } as unknown as Models,
      served: new ServedModel(null),
      handOver: () => Promise.reject(new Error('nothing is handed over here')),
      hopLimit: 3,
    });
    await expect(broken.recommend(job)).rejects.toMatchObject({ code: '23514' });
    expect(await recommender.recommend(job)).toBe('recommended');
  });

  it('lets a case be that someone withdrew first', async () => {
    const job = await flag();
    await new Governed(flows.writePool).transaction(
      { principal: person('analyst'), context: contextOf(person('analyst'), { requestId: 'r', traceparent: newTraceparent() }) },
      (client) => client.query("update exceptions.flags set state = 'withdrawn' where id = $1", [job.caseId]),
    );
    expect(await recommender.recommend(job)).toBe('moved');
  });

  it('tries again later when the case is not visible yet', async () => {
    await expect(recommender.recommend({ caseId: randomUUID(), eventId: 'e', hop: 0, publishedAt: null })).rejects.toMatchObject({ kind: 'conflict' });
  });

  it('parks an event past the hop limit', async () => {
    await expect(recommender.recommend({ ...(await flag()), hop: 4 })).rejects.toMatchObject({ kind: 'poison-record' });
  });

  it('learns from dispositions: the next model counts them', async () => {
    const before = (await models.state()).examples;
    const job = await flag();
    await recommender.recommend(job);
    await new Governed(flows.writePool).transaction(
      { principal: person('approver'), context: contextOf(person('approver'), { requestId: 'r', traceparent: newTraceparent() }) },
      (client) => client.query("insert into exceptions.dispositions (flag_id, action, reason) values ($1, 'approve', 'fine')", [job.caseId]),
    );
    const model = await trainer.train(person('administrator'), new AbortController().signal);
    expect(model).toMatchObject({ examples: before + 1, trainedFor: 'administrator' });
    expect((await models.state()).model).toBe(model.version);
  });

  it('trains one model at a time', async () => {
    const both = await Promise.allSettled([1, 2].map(() => trainer.train(person('administrator'), new AbortController().signal)));
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { kind: 'conflict' } });
  });
});

describe('the trace of a case', () => {
  it('goes from first write to final row, even when the approval came with another trace', async () => {
    const traceparent = newTraceparent();
    const job = await flag(traceparent);
    await recommender.recommend(job);
    await new Governed(flows.writePool).transaction(
      { principal: person('approver'), context: contextOf(person('approver'), { requestId: 'r', traceparent: newTraceparent(), reason: 'agreed' }) },
      (client) => client.query("insert into exceptions.dispositions (flag_id, action) values ($1, 'approve')", [job.caseId]),
    );
    const reader = new TraceReader(flows.pool, governed);
    const trace = await reader.read(traceparent.slice(3, 35), person('analyst'));
    expect(trace.steps.filter(({ kind }) => kind !== 'publish' && kind !== 'receive').map(({ table, action, actor }) => [table, action, actor])).toEqual([
      ['exceptions.flags', 'flag', 'analyst'],
      ['exceptions.recommendations', 'recommend', 'flow:exceptions'],
      ['exceptions.flags', 'move', 'flow:exceptions'],
      ['exceptions.dispositions', 'approve', 'approver'],
      ['exceptions.flags', 'move', 'approver'],
    ]);
    expect(trace.steps.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['publish', 'receive']));
    expect(trace.steps[0]?.elapsedMs).toBe(0);
    expect(trace.steps.map(({ elapsedMs }) => elapsedMs)).toEqual(trace.steps.map(({ elapsedMs }) => elapsedMs).toSorted((left, right) => left - right));
    expect((await reader.read(traceparent.slice(3, 35), person('auditor'))).steps).toHaveLength(trace.steps.length);
  });

  it("shows nothing of rows that the caller's row filter hides", async () => {
    const traceparent = newTraceparent();
    const job = await flag(traceparent);
    const { rows } = await flows.database.client.query<{ region: string }>('select region from exceptions.flags where id = $1', [job.caseId]);
    const region = rows[0]?.region ?? '';
    const reader = new TraceReader(flows.pool, governed);
    expect((await reader.read(traceparent.slice(3, 35), person('sales', { region }))).steps.length).toBeGreaterThan(0);
    expect((await reader.read(traceparent.slice(3, 35), person('sales', { region: 'elsewhere' }))).steps).toEqual([]);
  });
});
