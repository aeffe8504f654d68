import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { itSince } from '#libs/testing/it-since';
import { TestPostgres } from '#libs/testing/own-postgres';
import { CdcHarness } from '../testing/cdc-harness.ts';

let server: TestPostgres;
let cdc: CdcHarness;
async function start(settings: Readonly<Record<string, string | number>> = {}): Promise<void> {
  server = await TestPostgres.start(settings);
  cdc = await CdcHarness.on(server);
  await cdc.sql('create table t (id int primary key, label text)');
}
afterEach(async () => {
  await cdc.close();
  await server.stop();
});

/** By a connection of its own: the harness's ends with the server. */
async function sql(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(text);
  await client.end();
}

async function idsUntil(last: number): Promise<unknown[]> {
  await cdc.until('public.t', (event) => event.after?.['id'] === last);
  const found = new Set<unknown>();
  for await (const { value } of cdc.log.read('test.public.t', 0, 0n)) found.add((JSON.parse(String(value)) as { after: { id: number } }).after.id);
  return [...found];
}

describe('a server', () => {
  it('that is restarted, in order or by a crash, is streamed from again without a loss', async () => {
    await start();
    const service = await cdc.streaming();
    for (const [round, mode] of (['fast', 'immediate', 'immediate'] as const).entries()) {
      await sql(`insert into t values (${round * 2})`);
      await server.restart(mode);
      await sql(`insert into t values (${round * 2 + 1})`);
      expect(await idsUntil(round * 2 + 1)).toEqual(Array.from({ length: round * 2 + 2 }, (_, id) => id));
    }
    expect(service.service.state.phase).toBe('streaming');
  });

  it('with another wal_level stops capture with the statement that puts it right', async () => {
    await start({ wal_level: 'replica' });
    await expect(cdc.streaming()).rejects.toThrow(/misconfigured.*ALTER SYSTEM SET wal_level = 'logical'/);
    expect((await cdc.database.client.query('select from pg_replication_slots')).rowCount).toBe(0);
  });

  it('without a free slot or walsender is waited for, and both are named', async () => {
    await start({ max_replication_slots: 1, max_wal_senders: 1 });
    await cdc.sql(`select pg_create_physical_replication_slot('other')`);
    const service = cdc.run();
    await service.reaches('connecting', /max_replication_slots/);
    const walsender = new pg.Client({ connectionString: server.url, replication: 'database' } as pg.ClientConfig);
    await walsender.connect();
    await service.reaches('connecting', /max_wal_senders/);
    await walsender.end();
    await cdc.sql(`select pg_drop_replication_slot('other')`);
    await service.reaches('streaming');
  });

  it('that discarded WAL stops capture, and is a gap when the operator goes on', async () => {
    await start({ max_slot_wal_keep_size: '1MB', min_wal_size: '32MB', max_wal_size: '48MB' });
    const first = await cdc.streaming();
    await cdc.sql('insert into t values (1)');
    await cdc.until('public.t', (event) => event.after?.['id'] === 1);
    await first.end();
    await cdc.sql(`insert into t values (2)`);
    for (let round = 0; round < 4; round += 1)
      await cdc.sql('select pg_logical_emit_message(false, $$x$$, repeat($$x$$, 1000)); select pg_switch_wal(); checkpoint');
    await expect(cdc.streaming()).rejects.toThrow(/position-lost.*max_slot_wal_keep_size.*CDC_ADOPT_POSITION=1/);
    await cdc.streaming({ CDC_ADOPT_POSITION: true });
    await cdc.sql('insert into t values (3)');
    expect(await idsUntil(3)).toEqual([1, 3]);
    expect(await cdc.gaps()).toEqual([expect.objectContaining({ reason: 'slot-lost', from: expect.any(String) })]);
  });

  // Column lists came with 15.
  itSince(15)('that can not send a row stops capture with the remedy, which mends it', async () => {
    await start();
    await cdc.sql('create table wide (id int primary key, a bytea, b bytea)');
    const first = await cdc.streaming();
    await sql(`insert into t values (1); insert into wide select 1, v, v from convert_to(repeat('x', 300000000), 'UTF8') v; insert into t values (2)`);
    await expect(first.reaches('streaming', /never/)).rejects.toThrow(/more than the 1 GB.*leave its large columns out of the publication/s);
    await first.end();
    await sql(`alter publication lakeloop set table t, wide (id); select pg_replication_slot_advance('${cdc.slot}', pg_current_wal_lsn())`);
    await cdc.streaming({ CDC_ADOPT_POSITION: true });
    await sql(`update wide set a = null; insert into t values (3)`);
    expect(await idsUntil(3)).toEqual([1, 3]);
    // The other table was out of the publication for a moment, which is told too.
    expect((await cdc.gaps()).map(({ reason }) => reason)).toContain('slot-advanced');
  });
});
