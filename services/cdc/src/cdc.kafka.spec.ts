import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type CdcHarness, eventOf } from './testing/cdc-harness.ts';
import { kafkaHarness } from './testing/kafka-harness.ts';

let cdc: CdcHarness;
beforeEach(async () => void (cdc = await kafkaHarness()));
afterEach(() => cdc.close());

describe('capture into Kafka', () => {
  it('publishes, hands over to a standby and loses nothing', async () => {
    await cdc.sql('create table t (id int primary key)');
    const leader = await cdc.streaming();
    const standby = cdc.run();
    await standby.reaches('standby');
    await cdc.sql('insert into t select n from generate_series(1, 5000) n');
    await cdc.until('public.t', (event) => event.after?.['id'] === 5000);
    await leader.end();
    await cdc.sql('insert into t values (5001); delete from t where id = 5001');
    await standby.reaches('streaming');
    const events = await cdc.published('public.t');
    expect(events.map((event) => event.op).slice(-3)).toEqual(['c', 'd', null]);
    expect(events.slice(0, 5001).map((event) => event.after?.['id'])).toEqual(Array.from({ length: 5001 }, (_, index) => index + 1));
    expect(events).toHaveLength(5003);
  });

  it('takes a snapshot beside the stream', async () => {
    await cdc.sql('create table t (id int primary key, v text); insert into t select n, n::text from generate_series(1, 20000) n');
    const service = await cdc.streaming({ CDC_SNAPSHOT: 'initial' });
    await service.snapshot(({ table, state }) => table === 't' && state === 'completed');
    const events = await cdc.published('public.t');
    expect(events).toHaveLength(20_000);
    expect(new Set(events.map((event) => event.after?.['id'])).size).toBe(20_000);
  });

  it('stops at tables whose topics Kafka takes for one, and goes on once one is routed elsewhere', async () => {
    await cdc.sql(
      `create schema sales; create schema sales_eu; create table sales.eu_orders (id int primary key); create table sales_eu.orders (id int primary key)`,
    );
    await expect(cdc.run().reaches('streaming', /never/)).rejects.toThrow(/Kafka takes no topic .*sales.*dots and underscores.*CDC_TOPIC_ROUTES/);
    const topic = `${cdc.prefix}.sales-eu.orders`;
    await cdc.streaming({ CDC_TOPIC_ROUTES: [`sales_eu.orders=${topic}`] });
    await cdc.sql('insert into sales.eu_orders values (1); insert into sales_eu.orders values (2)');
    const events = [...(await cdc.published('sales.eu_orders')), ...(await cdc.events(topic))];
    expect(events.map(({ after }) => after?.['id'])).toEqual([1, 2]);
  });

  it('stops the instance that a newer one fenced, which publishes nothing more', async () => {
    await cdc.sql('create table t (id int primary key)');
    const fenced = await cdc.streaming();
    await cdc.sql('insert into t values (1)');
    await cdc.until('public.t', (event) => event.after?.['id'] === 1);
    await (await cdc.log.openProducer(`cdc:${cdc.slot}`)).close();
    await cdc.sql('insert into t values (2)');
    await expect(fenced.reaches('streaming', /never/)).rejects.toThrow('fenced');
    const published: unknown[] = [];
    for await (const record of cdc.log.read(`${cdc.prefix}.public.t`, 0, 0n)) published.push(eventOf(record).after?.['id']);
    expect(published).toEqual([1]);
  });
});
