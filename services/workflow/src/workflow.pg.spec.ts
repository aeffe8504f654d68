import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPair, exportJWK, SignJWT, type JWK } from 'jose';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once, EventEmitter } from 'node:events';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FlowDescription } from '#contracts/http/flows';
import { HEADER } from '#contracts/topics/headers';
import type { LogRecord, Producer } from '#libs/changelog/change-log';
import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import { Governed } from '#libs/governance/governed';
import { TokenVerifier } from '#libs/governance/token-verifier';
import { contextOf } from '#libs/governance/write-context';
import { createPostgresJobs } from '#libs/jobs/postgres/postgres-jobs';
import type { BullJobs } from '#libs/jobs/bull-jobs';
import { createHttpApp } from '#libs/runtime/http/create-http-app';
import { createServiceRuntime, type ServiceRuntime } from '#libs/runtime/service-runtime';
import { newTraceparent } from '#libs/runtime/telemetry';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { WorkflowModule } from './app.module.ts';
import { type FlowDatabase, installFlowDatabase, person } from './install/flow-database.fixture.ts';
import { loadDemo } from './flows/exceptions/demo/load-demo.ts';

const TOPIC = 'lakeloop.exceptions.flags';
let flows: FlowDatabase;
let queues: TestDatabase;
let directory: string;
let changeLog: SqliteChangeLog;
let jobs: BullJobs;
let runtime: ServiceRuntime;
let app: NestFastifyApplication;
let producer: Producer;
let keys: { privateKey: CryptoKey; jwk: JWK };
/** Tells of every recommendation that is written, by NOTIFY. */
const written = new EventEmitter();

beforeAll(async () => {
  [flows, queues, directory] = await Promise.all([createTestDatabase().then(installFlowDatabase), createTestDatabase(), mkdtemp(join(tmpdir(), 'workflow-'))]);
  runtime = createServiceRuntime('test', { LOG_LEVEL: 'silent' });
  const { client } = flows.database;
  await client.query(`create function public.tell() returns trigger language plpgsql as $$ begin perform pg_notify('recommended', new.flag_id::text); return null; end $$;
    create trigger tell after insert on exceptions.recommendations for each row execute function public.tell(); listen recommended`);
  client.on('notification', ({ payload }) => written.emit(payload ?? ''));
  await loadDemo({ adminUrl: flows.database.url, logger: runtime.logger, count: 1_000, until: Date.UTC(2026, 0, 1) });
  changeLog = await SqliteChangeLog.open({ directory, logger: runtime.logger });
  await changeLog.ensureTopic(TOPIC, { partitions: 1, cleanup: 'delete', retentionMs: null });
  await changeLog.ensureTopic('lakeloop.exceptions.recommender', { partitions: 1, cleanup: 'delete', retentionMs: null });
  producer = await changeLog.openProducer('test');
  jobs = createPostgresJobs({ connectionString: queues.url, logger: runtime.logger });
  const pair = await generateKeyPair('ES256', { extractable: true });
  keys = { privateKey: pair.privateKey, jwk: { ...(await exportJWK(pair.publicKey)), alg: 'ES256' } };
  app = await createHttpApp({
    runtime,
    module: WorkflowModule.register({
      config: { CDC_TOPIC_PREFIX: 'lakeloop', WORKFLOW_CONCURRENCY: 2, WORKFLOW_HOP_LIMIT: 3, WORKFLOW_RECONCILE_MS: 3_600_000, DB_POOL_MAX: 8 },
      connectionString: flows.url,
      adminUrl: flows.database.url,
      changeLog,
      jobs,
      verifier: TokenVerifier.create({ jwks: { keys: [keys.jwk] } }),
      runtime,
    }),
  });
  await firstModel();
});
afterAll(async () => {
  await runtime.lifecycles.end();
  await app?.close();
  await jobs.close();
  await changeLog.close();
  await rm(directory, { recursive: true, force: true });
  await flows.drop();
  await queues.drop();
});
afterEach(() => void written.removeAllListeners());

async function firstModel(): Promise<void> {
  for (let models = 0; models === 0;) models = (await get<{ models: unknown[] }>('administrator', '/v1/flows/exceptions/models')).models.length;
}

async function token(role: string): Promise<string> {
  return new SignJWT({ role, sub: role }).setProtectedHeader({ alg: 'ES256' }).setExpirationTime('1h').sign(keys.privateKey);
}

async function call(role: string, method: 'GET' | 'POST', url: string, payload?: object) {
  return app.inject({ method, url, headers: { authorization: `Bearer ${await token(role)}` }, ...(payload ? { payload } : {}) });
}
async function get<T>(role: string, url: string): Promise<T> {
  return (await call(role, 'GET', url)).json<T>();
}

let nextTransaction = 1;
async function flag(): Promise<string> {
  const analyst = person('analyst');
  const result = await new Governed(flows.writePool).execute({
    principal: analyst,
    context: contextOf(analyst, { requestId: 'r', traceparent: newTraceparent() }),
    statement: `with w as (insert into exceptions.flags (transaction_id, note) values (($1)[1]::bigint, 'paid already?') returning id)
      select id::text, 1::bigint, 1::bigint, null::jsonb from w`,
    parameters: [String(nextTransaction++)],
  });
  return (result.outcome === 'executed' ? result.body : null) ?? '';
}

/** A flag's change as cdc publishes it. */
function change(flagId: string, eventId: string, { op = 'c', hop }: { op?: string; hop?: number } = {}): LogRecord {
  const value = { before: null, after: { id: flagId, state: 'flagged' }, op, ts_ms: Date.now(), source: {}, transaction: null };
  const headers = { [HEADER.id]: eventId, ...(hop === undefined ? {} : { [HEADER.hop]: String(hop) }) };
  return { topic: TOPIC, key: Buffer.from(JSON.stringify({ id: flagId })), value: Buffer.from(JSON.stringify(value)), headers };
}

const eventId = (() => {
  let lsn = 1;
  return () => `7000000000000000000:1:${(lsn++).toString(16).toUpperCase().padStart(16, '0')}:0`;
})();

async function recommendations(flagId: string): Promise<number> {
  return (await flows.database.client.query('select from exceptions.recommendations where flag_id = $1', [flagId])).rowCount ?? 0;
}

async function parked(): Promise<{ id: string; kind: string; step: string }[]> {
  return (await get<{ parked: { id: string; kind: string; step: string }[] }>('administrator', '/v1/flows/exceptions/parked')).parked;
}
async function untilParked(id: string): Promise<{ id: string; kind: string }> {
  for (;;) {
    const found = (await parked()).find((job) => job.id === id);
    if (found) return found;
  }
}

describe('the workflow service', () => {
  it('is ready with its flows, and describes them to who may read them', async () => {
    expect((await app.inject('/health/ready')).json()).toMatchObject({ ready: true });
    const { flows: described } = await get<{ flows: FlowDescription[] }>('supply', '/v1/flows');
    expect(described.map(({ name }) => name)).toEqual(['exceptions']);
    expect(described[0]?.subject.columns.map(({ name }) => name)).not.toContain('account');
    expect(described[0]?.machine['flagged']?.['approve']).toEqual({ kind: 'refuse' });
    expect((await get<{ flows: FlowDescription[] }>('analyst', '/v1/flows')).flows.map(({ name }) => name)).toEqual(['exceptions', 'birdstrikes']);
  });

  it('turns a flag event into one recommendation, also when the event is published again', async () => {
    const flagId = await flag();
    const id = eventId();
    const arrived = once(written, flagId);
    await producer.append([change(flagId, id), change(flagId, id)]);
    await arrived;
    const after = await flag();
    const next = once(written, after);
    await producer.append([change(flagId, id), change(after, eventId())]);
    await next;
    expect(await recommendations(flagId)).toBe(1);
  });

  it('leaves snapshot reads, updates and tombstones alone', async () => {
    const [read, real] = [await flag(), await flag()];
    const next = once(written, real);
    await producer.append([
      change(read, eventId(), { op: 'r' }),
      change(read, eventId(), { op: 'u' }),
      { ...change(read, eventId()), value: null },
      change(real, eventId()),
    ]);
    await next;
    expect(await recommendations(read)).toBe(0);
  });

  it('parks an event past the hop limit and a record that it can not read, lists both, and lets the rest flow', async () => {
    const [far, fine] = [await flag(), await flag()];
    const [farId, brokenId] = [eventId(), eventId()];
    const next = once(written, fine);
    await producer.append([change(far, farId, { hop: 4 }), { ...change(far, brokenId), value: Buffer.from('{"op":') }, change(fine, eventId(), { hop: 3 })]);
    await next;
    expect(await untilParked(farId)).toMatchObject({ kind: 'poison-record', step: 'recommend' });
    expect(await untilParked(brokenId)).toMatchObject({ kind: 'poison-record' });
    expect(await recommendations(far)).toBe(0);
  });

  it('puts a parked job back under its id, and says so when there is none', async () => {
    const [job] = await parked();
    const id = encodeURIComponent(job?.id ?? '');
    expect((await call('analyst', 'POST', `/v1/flows/exceptions/parked/${id}/redrive`)).statusCode).toBe(403);
    expect((await call('administrator', 'POST', `/v1/flows/exceptions/parked/${id}/redrive`)).json()).toEqual({ id: job?.id, step: 'recommend' });
    await untilParked(job?.id ?? '');
    const unknown = await call('administrator', 'POST', '/v1/flows/exceptions/parked/nothing/redrive');
    expect([unknown.statusCode, unknown.headers['content-type']]).toEqual([404, expect.stringContaining('problem+json')]);
  });

  it('answers problems: no token, unknown flow, a role without the right, a trace id that is none', async () => {
    expect((await app.inject('/v1/flows')).statusCode).toBe(401);
    expect((await call('administrator', 'GET', '/v1/flows/nothing')).statusCode).toBe(404);
    expect((await call('supply', 'GET', '/v1/flows/birdstrikes')).statusCode).toBe(404);
    expect((await call('analyst', 'POST', '/v1/flows/exceptions/models')).statusCode).toBe(403);
    expect((await call('administrator', 'POST', '/v1/flows/birdstrikes/models')).json()).toMatchObject({
      status: 400,
      detail: expect.stringContaining('known answers'),
    });
    expect((await call('analyst', 'GET', '/v1/trace/xyz')).statusCode).toBe(400);
    expect((await call('analyst', 'GET', `/v1/trace/${'0'.repeat(31)}1`)).statusCode).toBe(404);
  });

  it('trains again when an administrator asks, and lists every version with what was measured', async () => {
    const trained = await call('administrator', 'POST', '/v1/flows/exceptions/models');
    expect(trained.statusCode).toBe(201);
    const { models } = await get<{ models: { version: string; trainedFor: string; metrics: { model: { accuracy: number } } }[] }>(
      'analyst',
      '/v1/flows/exceptions/models',
    );
    expect(models[0]).toMatchObject({ version: trained.json<{ version: string }>().version, trainedFor: 'administrator' });
    expect(models[0]?.metrics.model.accuracy).toBeGreaterThan(0.5);
    expect(models.at(-1)).toMatchObject({ trainedFor: 'flow:exceptions' });
  });
});

describe('workers outside', () => {
  const claims = '/v1/flows/exceptions/claims';

  it('are told who recommends while it is not they', async () => {
    expect((await call('agent', 'POST', claims, {})).json()).toMatchObject({
      status: 409,
      type: 'urn:lakeloop:problem:no-workers',
      hint: expect.stringContaining('exceptions.recommender'),
    });
    expect((await call('analyst', 'POST', claims, {})).statusCode).toBe(403);
  });

  it('claim, keep and complete a case from its event to its recommendation', async () => {
    await flows.database.client.query("insert into exceptions.recommender (kind) values ('worker')");
    const flagId = await flag();
    const waiting = call('agent', 'POST', claims, { waitSeconds: 30 });
    await producer.append([change(flagId, eventId(), { hop: 1 })]);
    const { claims: claimed } = (await waiting).json<{ claims: { caseId: string; token: string }[] }>();
    expect(claimed).toEqual([expect.objectContaining({ caseId: flagId, attempt: 1 })]);
    const token = claimed[0]?.token ?? '';
    expect((await call('agent', 'POST', `${claims}/${flagId}/heartbeat`, { token: 'another' })).statusCode).toBe(409);
    expect((await call('agent', 'POST', `${claims}/${flagId}/heartbeat`, { token })).statusCode).toBe(200);
    expect((await call('agent', 'POST', `${claims}/${flagId}/complete`, { token, class: 'timing', confidence: 1.5, modelVersion: 'v' })).statusCode).toBe(400);
    expect((await call('agent', 'POST', `${claims}/${flagId}/complete`, { token, class: 'timing', confidence: 0.7, modelVersion: 'v' })).json()).toEqual({
      caseId: flagId,
      replayed: false,
    });
    expect(await recommendations(flagId)).toBe(1);
  });

  it('lose what is open when the classifier takes over again', async () => {
    const flagId = await flag();
    const waiting = call('agent', 'POST', claims, { waitSeconds: 30 });
    await producer.append([change(flagId, eventId())]);
    const [claimed] = (await waiting).json<{ claims: { token: string }[] }>().claims;
    await flows.database.client.query('delete from exceptions.recommender');
    const arrived = once(written, flagId);
    await producer.append([
      {
        topic: 'lakeloop.exceptions.recommender',
        key: Buffer.from('{"one":true}'),
        value: Buffer.from('{"op":"d","ts_ms":1}'),
        headers: { [HEADER.id]: eventId() },
      },
    ]);
    await arrived;
    const late = { token: claimed?.token, class: 'timing', confidence: 0.7, modelVersion: 'v' };
    expect((await call('agent', 'POST', `${claims}/${flagId}/complete`, late)).statusCode).toBe(409);
    expect(await recommendations(flagId)).toBe(1);
  });
});
