import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { EventReader } from './testing/event-reader.ts';
import { PushApp, token } from './testing/push-app.ts';
import { ALL_ROWS, recordsOf, Shop } from './testing/shop.ts';

let shop: Shop;
let app: PushApp;
afterEach(async () => {
  await app?.stop();
  await shop?.close();
});
const start = async (config = {}): Promise<void> => {
  await shop.policy(ALL_ROWS);
  app = await PushApp.start(shop.database.urlAs('lakeloop_notification', 'test'), shop.changeLog, config);
};
const bearer = async (): Promise<{ authorization: string }> => ({ authorization: `Bearer ${await token()}` });
const metric = async (name: string): Promise<number> => {
  const text = await app.runtime.metrics.metrics();
  return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
};

describe('a slow client', () => {
  beforeEach(async () => {
    shop = await Shop.open({ partitions: 1 });
    await start({ maxBufferedEvents: 200, maxBufferedBytes: 64 * 1024 });
  });

  it('is cut off, while those who read get everything', async () => {
    const reader = await EventReader.open(`${app.url}/v1/changes/shop.item`, await bearer());
    await reader.ready();
    const slow = await lazyClient(app.url, await bearer());
    const cut = once(slow, 'close');
    const big = 'x'.repeat(20_000);
    const count = 600;
    let lsn = 2n ** 40n;
    for (let id = 1; id <= count; id += 1) {
      lsn += 100n;
      await shop.append(
        recordsOf({ op: 'c', before: null, after: { id, name: big, region: null, secret: null } }, { xid: 4_000_000_000n + BigInt(id), lsn, ordinal: 0 }),
      );
    }
    await reader.until(({ changes }) => changes.length === count, 'all changes');
    slow.resume();
    await cut;
    expect(await metric('lakeloop_push_slow_clients_total')).toBe(1);
    reader.close();
  });
});

describe('history that is gone', () => {
  beforeEach(async () => {
    shop = await Shop.open({ partitions: 1, retentionMs: 1, retentionCheckMs: 20 });
    await start();
  });

  it('makes a resumed stream start anew, in so many words', async () => {
    const first = await EventReader.open(`${app.url}/v1/changes/shop.item`, await bearer());
    await first.ready();
    const cursor = first.events.find(({ id }) => id)?.id ?? '';
    first.close();
    for (let id = 1; id <= 5; id += 1) await shop.write({ op: 'c', before: null, after: { id, name: 'n', region: null, secret: null } });
    while (((await shop.log.bounds('test.shop.item'))[0]?.earliest ?? 0n) === 0n) await new Promise(setImmediate);
    const second = await EventReader.open(`${app.url}/v1/changes/shop.item`, { ...(await bearer()), 'last-event-id': cursor });
    await second.end();
    expect(second.of('reset').map(({ reason }) => reason)).toEqual(['history-gone']);
    const third = await EventReader.open(`${app.url}/v1/changes/shop.item`, await bearer());
    await third.ready();
    expect(third.rows).toHaveLength(5);
    third.close();
  });
});

describe('the service', () => {
  beforeEach(async () => {
    shop = await Shop.open({ partitions: 1 });
    await start({ heartbeatMs: 100 });
  });

  it('is ready with Postgres and the log', async () => {
    while (!(await app.runtime.health.report()).ready) await new Promise(setImmediate);
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(200);
  });

  it('sends heartbeats that move the cursor past changes which were not for the subscriber', async () => {
    const reader = await EventReader.open(`${app.url}/v1/changes/shop.item?id=eq.1000`, await bearer());
    await reader.ready();
    const [ready] = reader.cursors;
    await shop.write({ op: 'c', before: null, after: { id: 1, name: 'n', region: null, secret: null } });
    await reader.until(({ cursors }) => cursors.some((cursor) => cursor !== ready), 'a heartbeat with a new cursor');
    expect(reader.changes).toEqual([]);
    reader.close();
  });

  it('ends open streams when it drains, so that their clients go elsewhere', async () => {
    const reader = await EventReader.open(`${app.url}/v1/changes/shop.item`, await bearer());
    await reader.ready();
    await app.runtime.lifecycles.end();
    await reader.end();
    expect(reader.of('reset')).toEqual([]);
  });

  it('resets subscribers when a record can not be read, and serves them again from a snapshot', async () => {
    const reader = await EventReader.open(`${app.url}/v1/changes/shop.item`, await bearer());
    await reader.ready();
    await shop.append([{ topic: 'test.shop.item', key: Buffer.from('{"id":1}'), value: Buffer.from('{"op":'), headers: {} }]);
    await reader.end();
    expect(reader.of('reset').map(({ reason }) => reason)).toEqual(['gap']);
    const again = await EventReader.open(`${app.url}/v1/changes/shop.item`, await bearer());
    await again.ready();
    again.close();
  });
});

/** A client that sends its request and then reads nothing until it is told to. */
async function lazyClient(url: string, headers: Record<string, string>): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET /v1/changes/shop.item HTTP/1.1\r\nhost: ${hostname}\r\n${lines.join('')}\r\n`);
  await once(socket, 'readable');
  return socket;
}
