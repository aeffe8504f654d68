import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import { Governed } from '#libs/governance/governed';
import { contextOf } from '#libs/governance/write-context';
import { arm } from '#libs/runtime/failpoints';
import { newTraceparent } from '#libs/runtime/telemetry';
import { createTestDatabase } from '#libs/testing/postgres';
import { exceptionsFlow } from '../flows/exceptions/definition.ts';
import { type FlowDatabase, installFlowDatabase, person } from '../install/flow-database.fixture.ts';
import { CaseOffers, MOST_ATTEMPTS } from './case-offers.ts';
import { type ClaimedCase, type ClaimRequest, WorkDesk } from './work-desk.ts';

const ONE: ClaimRequest = { most: 1, leaseSeconds: 60, waitSeconds: 0 };
const ANSWER = { class: 'duplicate', confidence: 0.8, modelVersion: 'notebook-7' };
const agent = person('agent');
const never = new AbortController().signal;
let flows: FlowDatabase;
let governed: Governed;
let offers: CaseOffers;
let desk: WorkDesk;
let bell: EventEmitter;
let next = 1;

beforeAll(async () => {
  flows = await installFlowDatabase(await createTestDatabase());
  await flows.database.client.query(
    "insert into exceptions.transactions (id, account, counterparty, amount, currency, channel, region) select n, 'ACC', 'B', 1, 'EUR', 'wire', 'EMEA' from generate_series(1, 50) n",
  );
  governed = new Governed(flows.pool);
});
afterAll(() => flows.drop());
beforeEach(async () => {
  await flows.database.client.query('delete from lakeloop.case_offer');
  offers = new CaseOffers(flows.pool, 'exceptions');
  bell = new EventEmitter();
  desk = new WorkDesk({ definition: exceptionsFlow, offers, governed, hopLimit: 8, bell });
});

async function flagged(): Promise<{ caseId: string; traceId: string }> {
  const analyst = person('analyst');
  const traceparent = newTraceparent();
  const result = await new Governed(flows.writePool).execute({
    principal: analyst,
    context: contextOf(analyst, { requestId: 'r', traceparent }),
    statement: `with w as (insert into exceptions.flags (transaction_id, note) values (($1)[1]::bigint, 'again?') returning id) select id::text, 1::bigint, 1::bigint, null::jsonb from w`,
    parameters: [String(next++)],
  });
  return { caseId: (result.outcome === 'executed' ? result.body : null) ?? '', traceId: traceparent.slice(3, 35) };
}

async function withdraw(caseId: string): Promise<void> {
  const analyst = person('analyst');
  await new Governed(flows.writePool).execute({
    principal: analyst,
    context: contextOf(analyst, { requestId: 'r', traceparent: newTraceparent() }),
    statement: `with w as (update exceptions.flags set state = 'withdrawn' where id = ($1)[1]::uuid) select null, 1::bigint, 1::bigint, null::jsonb`,
    parameters: [caseId],
  });
}

async function offered(): Promise<{ caseId: string; traceId: string }> {
  const { caseId, traceId } = await flagged();
  await offers.offer({ caseId, eventId: `event-${caseId}`, hop: 2, publishedAt: null }, traceId);
  return { caseId, traceId };
}

async function claimOne(): Promise<ClaimedCase> {
  const [claimed] = await desk.claim(agent, ONE, never);
  if (!claimed) throw new Error('nothing was claimed');
  return claimed;
}

const expire = (caseId: string) =>
  flows.database.client.query("update lakeloop.case_offer set expires_at = clock_timestamp() - interval '1 second' where case_id = $1", [caseId]);
const recommendations = async (caseId: string): Promise<unknown[]> =>
  (
    await flows.database.client.query<Record<string, unknown>>('select class, confidence, model_version from exceptions.recommendations where flag_id = $1', [
      caseId,
    ])
  ).rows;

describe('a worker', () => {
  it('gets a case with what its role may see, in the trace of the flag', async () => {
    const { caseId, traceId } = await offered();
    const claimed = await claimOne();
    expect(claimed).toMatchObject({ caseId, attempt: 1, note: 'again?', flaggedBy: 'analyst', subject: { counterparty: 'B', amount: 1 } });
    expect(claimed.traceparent.slice(3, 35)).toBe(traceId);
    expect(claimed.subject).not.toHaveProperty('account');
    // Its value would tell of the hidden account.
    expect(claimed.features).not.toHaveProperty('twins');
    expect(claimed.features).toHaveProperty('no_reference', 1);
    expect(claimed.labels).toHaveLength(exceptionsFlow.labels.length);
  });

  it('completes its case as itself: the recommendation, the audit and the case say so', async () => {
    const { caseId } = await offered();
    const { token } = await claimOne();
    expect(await desk.complete(agent, caseId, token, ANSWER)).toEqual({ caseId, replayed: false });
    expect(await recommendations(caseId)).toEqual([{ class: 'duplicate', confidence: 0.8, model_version: 'notebook-7' }]);
    const { rows } = await flows.database.client.query(
      "select actor, role, flow, hop, verified from audit.entry where table_name = 'recommendations' order by id desc limit 1",
    );
    expect(rows).toEqual([{ actor: 'agent', role: 'agent', flow: 'exceptions', hop: 3, verified: true }]);
    const { rows: states } = await flows.database.client.query('select state from exceptions.flags where id = $1', [caseId]);
    expect(states).toEqual([{ state: 'recommended' }]);
  });

  it('may repeat its completion: it is written once', async () => {
    const { caseId } = await offered();
    const { token } = await claimOne();
    await desk.complete(agent, caseId, token, ANSWER);
    expect(await desk.complete(agent, caseId, token, ANSWER)).toEqual({ caseId, replayed: true });
    expect(await recommendations(caseId)).toHaveLength(1);
  });

  it('that slept through its lease can neither prolong nor complete, even before another has the case', async () => {
    const { caseId } = await offered();
    const { token } = await claimOne();
    await expire(caseId);
    await expect(desk.prolong(caseId, token, 60)).rejects.toMatchObject({ problem: { status: 409, type: 'urn:lakeloop:problem:lease-lost' } });
    await expect(desk.complete(agent, caseId, token, ANSWER)).rejects.toMatchObject({ problem: { type: 'urn:lakeloop:problem:lease-lost' } });
    expect(await recommendations(caseId)).toEqual([]);
    const second = await claimOne();
    expect(second).toMatchObject({ caseId, attempt: 2 });
    await desk.complete(agent, caseId, second.token, ANSWER);
    expect(await recommendations(caseId)).toHaveLength(1);
  });

  it('that loses its lease between the write and the commit leaves nothing behind', async () => {
    const { caseId } = await offered();
    const { token } = await claimOne();
    // The lease is looked at twice: the second look, in the write's own transaction, is the one that counts.
    const disarm = arm('workflow.before-completion', async () => void (await expire(caseId)));
    await expect(desk.complete(agent, caseId, token, ANSWER)).rejects.toMatchObject({ problem: { type: 'urn:lakeloop:problem:lease-lost' } });
    disarm();
    expect(await recommendations(caseId)).toEqual([]);
  });

  it('keeps its case by heartbeats', async () => {
    const { caseId } = await offered();
    const { token, leaseExpiresAt } = await claimOne();
    expect(Date.parse(await desk.prolong(caseId, token, 600))).toBeGreaterThan(Date.parse(leaseExpiresAt) + 500_000);
    expect(await desk.claim(agent, ONE, never)).toEqual([]);
  });

  it('gives a case back; after the last attempt it is parked until redriven', async () => {
    const { caseId } = await offered();
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const { token } = await claimOne();
      expect(await desk.release(caseId, token, { failure: 'no data yet', afterSeconds: 0 })).toBe(attempt < MOST_ATTEMPTS ? 'offered' : 'parked');
    }
    expect(await desk.claim(agent, ONE, never)).toEqual([]);
    expect(await offers.list(10)).toEqual([expect.objectContaining({ caseId, state: 'parked', failure: 'no data yet', attempts: MOST_ATTEMPTS })]);
    expect(await offers.redrive(caseId)).toBe(true);
    expect(await claimOne()).toMatchObject({ caseId, attempt: 1 });
  });

  it('never shares a case: ten who claim at once get ten different ones', async () => {
    const cases = await Promise.all(Array.from({ length: 10 }, offered));
    const claims = await Promise.all(Array.from({ length: 12 }, () => desk.claim(agent, ONE, never)));
    expect(
      claims
        .flat()
        .map((claimed) => claimed.caseId)
        .toSorted(),
    ).toEqual(cases.map(({ caseId }) => caseId).toSorted());
  });

  it('waits for a case, and has it as soon as it is on offer', async () => {
    const listening = once(bell, 'newListener');
    const claiming = desk.claim(agent, { ...ONE, waitSeconds: 20 }, never);
    await listening;
    const { caseId } = await offered();
    bell.emit('offered');
    expect(await claiming).toEqual([expect.objectContaining({ caseId })]);
  });

  it('that hung up takes nothing', async () => {
    const gone = new AbortController();
    const listening = once(bell, 'newListener');
    const claiming = desk.claim(agent, { ...ONE, waitSeconds: 20 }, gone.signal);
    await listening;
    gone.abort();
    expect(await claiming).toEqual([]);
  });
});

describe('a completion that means nothing', () => {
  it('names its mistake: an unknown class', async () => {
    const { caseId } = await offered();
    const { token } = await claimOne();
    await expect(desk.complete(agent, caseId, token, { ...ANSWER, class: 'nonsense' })).rejects.toMatchObject({ problem: { status: 422, field: 'class' } });
  });

  it('of a case that somebody withdrew is told its state, and the case leaves the desk', async () => {
    const { caseId } = await offered();
    const { token } = await claimOne();
    await withdraw(caseId);
    await expect(desk.complete(agent, caseId, token, ANSWER)).rejects.toMatchObject({
      problem: { status: 409, type: 'urn:lakeloop:problem:case-moved', state: 'withdrawn' },
    });
    expect(await offers.list(10)).toEqual([]);
  });

  it('by a role without the grant is refused by the database', async () => {
    const { caseId } = await offered();
    const { token } = await claimOne();
    await expect(desk.complete(person('auditor'), caseId, token, ANSWER)).rejects.toMatchObject({ problem: { status: 403 } });
    expect(await recommendations(caseId)).toEqual([]);
  });
});
