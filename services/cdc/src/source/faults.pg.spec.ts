import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ReplicationConnection } from '#libs/postgres/replication/replication-connection';
import { parseLsn, toLsn } from '#libs/pgoutput/lsn';
import { createTestDatabase, type TestDatabase, uniqueName } from '#libs/testing/postgres';
import { CdcHarness } from '../testing/cdc-harness.ts';

let cdc: CdcHarness;
let roles: string[] = [];
beforeEach(async () => {
  cdc = await CdcHarness.create();
  await cdc.sql('create table t (id int primary key, label text)');
});
afterEach(async () => {
  for (const role of roles) await cdc.sql(`drop owned by ${role}; drop role ${role}`);
  roles = [];
  await cdc.close();
});

const ids = async (): Promise<unknown[]> => (await cdc.published('public.t')).map((event) => event.after?.['id']);

async function insert(id: number): Promise<void> {
  await cdc.sql(`insert into t values (${id})`);
  await cdc.until('public.t', (event) => event.after?.['id'] === id);
}

async function login(attributes: string): Promise<{ role: string; url: string }> {
  const role = uniqueName('login');
  await cdc.sql(`create role ${role} login password 'x' ${attributes}`);
  roles.push(role);
  return { role, url: cdc.database.urlAs(role, 'x') };
}

describe('a gap that the operator accepted', () => {
  it('is an event with its bounds and its reason, and the rows are read again', async () => {
    const first = await cdc.streaming({ CDC_SNAPSHOT: 'initial' });
    await insert(1);
    await first.end();
    await cdc.sql(`select pg_drop_replication_slot('${cdc.slot}'); insert into t values (2)`);
    await expect(cdc.streaming()).rejects.toThrow(/position-lost.*the slot is gone.*CDC_ADOPT_POSITION=1/);
    expect(await cdc.gaps()).toEqual([]);
    const adopted = await cdc.streaming({ CDC_SNAPSHOT: 'initial', CDC_ADOPT_POSITION: true });
    await adopted.snapshot(({ table, cause, state }) => table === 't' && cause === 'gap' && state === 'completed');
    expect(await ids()).toEqual(expect.arrayContaining([1, 2]));
    const [gap, ...more] = await cdc.gaps();
    expect(more).toEqual([]);
    expect(gap).toMatchObject({ slot: cdc.slot, database: cdc.database.name, reason: 'slot-missing', snapshots: 'requested', tables: null });
    const { rows } = await cdc.database.client.query<{ inside: boolean }>(`select '${gap?.from}'::pg_lsn < '${gap?.to}'::pg_lsn as inside`);
    expect(rows).toEqual([{ inside: true }]);
  });

  it('is told when someone advanced the slot, and a snapshot is advised where none are taken', async () => {
    const first = await cdc.streaming();
    await insert(1);
    await first.end();
    await cdc.sql('insert into t values (2)');
    await cdc.sql(`select pg_replication_slot_advance('${cdc.slot}', pg_current_wal_lsn())`);
    const adopted = await cdc.streaming({ CDC_ADOPT_POSITION: true });
    await insert(3);
    expect(await ids()).toEqual([1, 3]);
    expect(await cdc.gaps()).toEqual([expect.objectContaining({ reason: 'slot-advanced', snapshots: 'advised' })]);
    await adopted.end();
    await cdc.streaming({ CDC_ADOPT_POSITION: true });
    expect(await cdc.gaps()).toHaveLength(1);
  });

  it('is told of a start that was cut short in it', async () => {
    const first = await cdc.streaming();
    await first.end();
    await cdc.sql(`select pg_drop_replication_slot('${cdc.slot}'); begin; insert into t values (1)`);
    const waiting = cdc.run({ CDC_ADOPT_POSITION: true });
    while (!(await isCreating())) await new Promise((resolve) => setImmediate(resolve));
    await waiting.end();
    await cdc.sql('commit');
    await cdc.streaming();
    expect(await cdc.gaps()).toEqual([expect.objectContaining({ reason: 'slot-missing' })]);
  });

  async function isCreating(): Promise<boolean> {
    for await (const { value } of cdc.log.read('test.__progress', 0, 0n))
      if (value?.toString().includes('"creating","systemId"') && value.includes('slot-missing')) return true;
    return false;
  }
});

describe('the publication', () => {
  it('stops capture when it is dropped, and is a gap when the operator goes on', async () => {
    const service = await cdc.streaming();
    await insert(1);
    await cdc.sql('drop publication lakeloop');
    const { rows } = await cdc.database.client.query<{ lsn: string }>('select pg_current_wal_lsn() as lsn');
    await cdc.sql('insert into t values (2)');
    await expect(service.reaches('streaming', /never/)).rejects.toThrow(/position-lost.*publication/);
    await service.end();
    await expect(cdc.streaming()).rejects.toThrow(/position-lost.*dropped and made anew/);
    await cdc.streaming({ CDC_ADOPT_POSITION: true });
    await insert(3);
    expect(await ids()).toEqual([1, 3]);
    const [gap, ...more] = await cdc.gaps();
    expect([gap, more]).toEqual([expect.objectContaining({ reason: 'publication-recreated' }), []]);
    // The gap has what was missed: found at the change that was left out, not when somebody looked.
    expect(parseLsn(gap?.from ?? '')).toBeLessThanOrEqual(parseLsn(rows[0]?.lsn ?? ''));
  });

  it('is told of a table that was out of it while nobody streamed, whose rows are read again', async () => {
    const first = await cdc.streaming({ CDC_SNAPSHOT: 'initial' });
    await insert(1);
    await first.snapshot(({ table, state }) => table === 't' && state === 'completed');
    await noted();
    await first.end();
    await cdc.sql('alter publication lakeloop drop table t; insert into t values (2); alter publication lakeloop add table t');
    const second = await cdc.streaming({ CDC_SNAPSHOT: 'initial' });
    await second.snapshot(({ table, cause, state }) => table === 't' && cause === 'gap' && state === 'completed');
    expect(await ids()).toContain(2);
    expect(await cdc.gaps()).toEqual([expect.objectContaining({ reason: 'table-unpublished', tables: ['public.t'], snapshots: 'requested' })]);
  });

  it('gets a table back that someone took out, and says so', async () => {
    await cdc.streaming();
    await insert(1);
    await noted();
    await cdc.sql('alter publication lakeloop drop table t; insert into t values (2)');
    while ((await cdc.gaps()).length === 0) await new Promise((resolve) => setImmediate(resolve));
    await insert(3);
    expect(await ids()).toEqual([1, 3]);
  });

  /** Members of the publication are written down. */
  async function noted(): Promise<void> {
    for (;;) {
      for await (const { value } of cdc.log.read('test.__control', 0, 0n)) if (value?.includes('"public"')) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
});

describe('another consumer on the slot', () => {
  it('is named, is no leader to stand by for, and capture goes on once it is gone', async () => {
    await (await cdc.streaming()).end();
    const stranger = await ReplicationConnection.open({ connectionString: cdc.database.url, name: 'pg_recvlogical' });
    const stream = await stranger.start({ slot: cdc.slot, publication: 'lakeloop', from: toLsn(0n), heartbeatMs: 1_000 });
    const service = cdc.run();
    await service.reaches('connecting', /in use by another consumer: pg_recvlogical \(process \d+ from 127\.0\.0\.1\)/);
    expect(await service.runtime.health.report()).toMatchObject({ ready: false });
    await stream.close();
    await service.reaches('streaming');
  });
});

describe('a login', () => {
  it('without the right to replicate is told what it needs, and capture begins once it has it', async () => {
    const { role, url } = await login('in role pg_read_all_data');
    await cdc.sql(`create publication lakeloop for table t`);
    const service = cdc.run({ DATABASE_URL: url });
    await service.reaches('connecting', /ALTER ROLE … REPLICATION/);
    await cdc.sql(`alter role ${role} replication`);
    await service.reaches('streaming');
  });

  it('that may not read a table fails its snapshot with the reason, and the stream goes on', async () => {
    const { role, url } = await login('replication');
    await cdc.sql(`insert into t values (1); create publication lakeloop for table t`);
    const service = await cdc.streaming({ DATABASE_URL: url, CDC_SNAPSHOT: 'initial' });
    const failed = await service.snapshot(({ table, state }) => table === 't' && state === 'failed');
    expect(failed.error).toMatch(/permission denied for table t.*GRANT SELECT ON "public"\."t"/);
    await cdc.sql(`grant select on t to ${role}`);
    await service.service.snapshotter?.request({ schema: 'public', table: 't', cause: 'http' });
    await service.snapshot(({ table, state }) => table === 't' && state === 'completed');
    await insert(2);
    expect(await ids()).toEqual([1, 2]);
  });
});

describe('a slot of another database', () => {
  let other: TestDatabase;
  afterEach(() => other.drop());

  it('stops with what to do', async () => {
    other = await createTestDatabase();
    await other.client.query(`select pg_create_logical_replication_slot('${cdc.slot}', 'pgoutput')`);
    await expect(cdc.streaming()).rejects.toThrow(/misconfigured.*belongs to database.*choose another CDC_SLOT/);
  });
});
