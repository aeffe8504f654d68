import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Failure } from '#libs/failure/failure';
import { CdcHarness } from './testing/cdc-harness.ts';
import { GatedLog } from './testing/gated-log.ts';

let cdc: CdcHarness;
beforeEach(async () => {
  cdc = await CdcHarness.create();
  await cdc.sql(`create table signals (id varchar primary key, type varchar, data text); create table t (id int primary key, color text);
    insert into t select n, case when n % 2 = 0 then 'blue' else 'red' end from generate_series(1, 10) n`);
});
afterEach(() => cdc.close());

const SETTINGS = { CDC_SIGNAL_TABLE: 'public.signals' };
const signal = (id: string, type: string, data: unknown): Promise<void> =>
  cdc.sql(`insert into signals values ('${id}', '${type}', '${JSON.stringify(data).replaceAll("'", "''")}')`);

describe('the signal table', () => {
  it('asks for a snapshot, with a condition, once for an id, and is not published itself', async () => {
    const first = await cdc.streaming(SETTINGS);
    const conditions = [{ 'data-collection': 'public.t', filter: `color = 'blue'` }];
    await signal('s1', 'execute-snapshot', { 'data-collections': ['public.t'], type: 'incremental', 'additional-conditions': conditions });
    await first.snapshot(({ id, state }) => id === 'signal:s1:public.t' && state === 'completed');
    await first.end();
    const second = await cdc.streaming(SETTINGS);
    await cdc.sql(`delete from signals`);
    await signal('s1', 'execute-snapshot', { 'data-collections': ['public.t'] });
    const events = await cdc.published('public.t');
    expect(events.map(({ op, after }) => [op, after?.['id']])).toEqual([2, 4, 6, 8, 10].map((id) => ['r', id]));
    // Signals are done before what follows them is published.
    expect(second.service.snapshotter?.list()).toEqual([expect.objectContaining({ state: 'completed', where: `color = 'blue'` })]);
    expect(await cdc.log.topics(`${cdc.prefix}.public.signals`)).toEqual([]);
  });

  it('asks for several tables, each with its own condition or none', async () => {
    await cdc.sql('create table u (id int primary key); insert into u values (1), (2)');
    const service = await cdc.streaming(SETTINGS);
    const conditions = [{ 'data-collection': 'public.t', filter: 'id = 3' }];
    await signal('s', 'execute-snapshot', { 'data-collections': ['public.u', 'public.t'], 'additional-conditions': conditions });
    for (const table of ['t', 'u']) await service.snapshot((snapshot) => snapshot.table === table && snapshot.state === 'completed');
    expect((await cdc.published('public.u', 'public.t')).map(({ after }) => after?.['id'])).toEqual([1, 2, 3]);
  });

  it('is heeded again when what it asks for could not be written down', async () => {
    const log = new GatedLog(cdc.log, (records) => records.some(({ topic, value }) => topic === 'test.__snapshots' && value?.includes('signal:s')));
    const service = cdc.run(SETTINGS, log.proxy);
    await service.reaches('streaming');
    await signal('s', 'execute-snapshot', { 'data-collections': ['public.t'] });
    await log.reached;
    log.refuse(new Failure('dependency-unavailable', 'the broker is away'));
    await service.reaches('connecting');
    await service.snapshot(({ id, state }) => id === 'signal:s:public.t' && state === 'completed');
    expect(await cdc.published('public.t')).toHaveLength(10);
  });

  it('pauses, resumes and stops what it asked for, and goes on after signals that it does not know', async () => {
    const service = await cdc.streaming({ ...SETTINGS, CDC_SNAPSHOT_CHUNK_ROWS: 1 });
    await service.service.snapshotter?.request({ schema: 'public', table: 't', maxRowsPerSecond: 1, cause: 'http' });
    await service.snapshot(({ state }) => state === 'running');
    await signal('p', 'pause-snapshot', { type: 'incremental' });
    await service.snapshot(({ state }) => state === 'paused');
    await signal('r', 'resume-snapshot', {});
    await service.snapshot(({ state }) => state === 'running');
    await signal('odd', 'dance', {});
    await cdc.sql(
      `insert into signals values ('broken', 'execute-snapshot', 'no json'), ('none', 'execute-snapshot', '{"data-collections":["public.absent"]}')`,
    );
    await signal('x', 'stop-snapshot', { 'data-collections': ['public.t'] });
    await service.snapshot(({ state }) => state === 'cancelled');
  });
});

describe('transaction metadata', () => {
  it('tells the place of each event in its transaction, its begin and its end', async () => {
    await cdc.sql('create table u (id int primary key); create table hidden (id int primary key)');
    await cdc.streaming({ CDC_TRANSACTION_METADATA: true, CDC_TABLES: ['public.t', 'public.u', 'public.marks'] });
    await cdc.sql(
      `begin; insert into t values (11, 'a'); insert into u values (1); insert into hidden values (1); update t set color = 'b' where id = 11; commit`,
    );
    await cdc.sql(`insert into hidden values (2)`);
    const events = await cdc.published('public.t', 'public.u');
    const places = events.map(
      ({ text }) => (JSON.parse(text) as { transaction: { id: string; total_order: number; data_collection_order: number } }).transaction,
    );
    const id = places[0]?.id;
    expect(places).toEqual([
      { id, total_order: 1, data_collection_order: 1 },
      { id, total_order: 3, data_collection_order: 2 },
      { id, total_order: 2, data_collection_order: 1 },
    ]);
    const told: unknown[] = [];
    for await (const { key, value } of cdc.log.read(`${cdc.prefix}.transaction`, 0, 0n)) told.push([JSON.parse(String(key)), JSON.parse(String(value))]);
    const collections = [
      { data_collection: 'public.t', event_count: 2 },
      { data_collection: 'public.u', event_count: 1 },
    ];
    expect(told.slice(0, 2)).toEqual([
      [{ id }, { status: 'BEGIN', id, ts_ms: expect.any(Number), event_count: null, data_collections: null }],
      [{ id }, { status: 'END', id, ts_ms: expect.any(Number), event_count: 3, data_collections: collections }],
    ]);
  });
});

describe('CloudEvents', () => {
  it('are in the headers of each event', async () => {
    await cdc.streaming({ CDC_CLOUDEVENTS: true });
    await cdc.sql(`insert into t values (12, 'a')`);
    const [event] = await cdc.published('public.t');
    expect(event?.headers).toMatchObject({
      ce_specversion: '1.0',
      ce_id: event?.id,
      ce_type: 'lakeloop.change.c',
      ce_subject: 'public.t',
      'content-type': 'application/json',
      ce_source: expect.stringMatching(/^\/lakeloop\/test\//),
      ce_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
  });
});
