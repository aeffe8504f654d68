import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { arm } from '#libs/runtime/failpoints';
import { CdcHarness } from './testing/cdc-harness.ts';

let cdc: CdcHarness;
beforeEach(async () => void (cdc = await CdcHarness.create()));
afterEach(() => cdc.close());

/** Takes the first snapshot of `orders`, into which `change` happens once when its first chunk is out; the ids that were read. */
async function readAround(change: string): Promise<Set<number>> {
  let changed = false;
  const disarm = arm('cdc.snapshot-chunk-durable', async () => {
    if (changed) return;
    changed = true;
    for (const statement of change.split(';')) await cdc.sql(statement);
  });
  const service = await cdc.streaming({ CDC_SNAPSHOT: 'initial', CDC_SNAPSHOT_CHUNK_ROWS: 10 });
  await service.snapshot(({ table, state }) => table === 'orders' && state === 'completed');
  disarm();
  const events = await cdc.published('public.orders');
  return new Set(events.filter(({ op }) => op === 'r').map(({ after }) => Number(after?.['id'])));
}

const all = (count: number): Set<number> => new Set(Array.from({ length: count }, (_, index) => index + 1));

describe('a snapshot whose table gets another order under it', () => {
  it.each([
    ['its key another type', 'alter table orders alter id type text'],
    ['another key', 'alter table orders drop constraint orders_pkey; alter table orders add primary key (code)'],
    [
      'another collation',
      'alter table orders alter code type text collate "C"; alter table orders drop constraint orders_pkey; alter table orders add primary key (code)',
    ],
  ])('reads every row all the same: %s', async (_, change) => {
    await cdc.sql(
      `create table orders (id int primary key, code text not null unique); insert into orders select n, md5(n::text) from generate_series(1, 100) n`,
    );
    expect(await readAround(change)).toEqual(all(100));
  });

  it('reads every row of a table without a key whose rows were written anew', async () => {
    await cdc.sql(`create table orders (id int, pad text default repeat('x', 7000)); alter table orders alter pad set storage plain;
      alter table orders replica identity full; insert into orders select generate_series(1, 1600)`);
    const read = await readAround('delete from orders where id <= 1000; vacuum full orders');
    expect([...all(1600)].filter((id) => id > 1_000 && !read.has(id))).toEqual([]);
  });
});

describe('a partitioned table without a key, under its root', () => {
  it('is read with all its partitions', async () => {
    await cdc.sql(`create table orders (id int, region text) partition by list (region); create table eu partition of orders for values in ('eu');
      create table us partition of orders for values in ('us'); insert into orders select n, case when n % 2 = 0 then 'eu' else 'us' end from generate_series(1, 10) n;
      alter table eu replica identity full; alter table us replica identity full; alter table orders replica identity full;
      create publication lakeloop for table orders with (publish_via_partition_root = true)`);
    expect(await readAround('select')).toEqual(all(10));
  });
});
