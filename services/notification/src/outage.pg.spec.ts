import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TcpProxy } from '#libs/testing/tcp-proxy';
import { EventReader } from './testing/event-reader.ts';
import { PushApp, token } from './testing/push-app.ts';
import { ALL_ROWS, Shop } from './testing/shop.ts';

let shop: Shop;
let proxy: TcpProxy;
let app: PushApp;
beforeAll(async () => {
  shop = await Shop.open({ partitions: 1 });
  await shop.policy(ALL_ROWS);
  const url = shop.database.urlAs('lakeloop_notification', 'test');
  proxy = await TcpProxy.to(url);
  app = await PushApp.start(proxy.through(url), shop.changeLog);
});
afterAll(async () => {
  await app?.stop();
  await proxy?.stop();
  await shop?.close();
});

const open = async (): Promise<EventReader> => EventReader.open(`${app.url}/v1/changes/shop.item`, { authorization: `Bearer ${await token()}` });
const readiness = async (wanted: number): Promise<Record<string, { ready: boolean; detail?: string }>> => {
  for (;;) {
    const response = await fetch(`${app.url}/health/ready`);
    const { checks } = (await response.json()) as { checks: Record<string, { ready: boolean; detail?: string }> };
    if (response.status === wanted) return checks;
  }
};

describe('while Postgres is away', () => {
  it('open streams go on, new ones are 503, readiness names it; and all goes on by itself when it is back', async () => {
    await readiness(200);
    const reader = await open();
    await reader.ready();
    proxy.cut();
    expect(await readiness(503)).toMatchObject({ 'notification: postgres': { ready: false }, 'notification: change log': { ready: true } });
    const refused = await open();
    expect([refused.response.status, refused.response.headers.get('content-type')]).toEqual([503, expect.stringContaining('problem+json')]);
    await shop.write({ op: 'c', before: null, after: { id: 1, name: 'n', region: null, secret: null } });
    await reader.until(({ changes }) => changes.length === 1);
    proxy.mend();
    await readiness(200);
    const again = await open();
    await again.ready();
    expect(again.rows).toHaveLength(1);
    await shop.write({ op: 'c', before: null, after: { id: 2, name: 'n', region: null, secret: null } });
    await Promise.all([reader.until(({ changes }) => changes.length === 2), again.until(({ changes }) => changes.length === 1)]);
    [reader, again].forEach((stream) => stream.close());
  });

  it('a policy that changed meanwhile is acted on when it is back', async () => {
    const reader = await open();
    await reader.ready();
    proxy.cut();
    await readiness(503);
    await shop.policy({ roles: { analyst: { 'shop.item': { select: { columns: ['id'] } } } } });
    proxy.mend();
    await reader.end();
    expect(reader.of('reset').map(({ reason }) => reason)).toEqual(['policy-changed']);
  });
});

describe('while the change log is away', () => {
  it('new streams are 503 and readiness names it', async () => {
    await shop.changeLog.close();
    expect((await readiness(503))['notification: change log']).toMatchObject({ ready: false });
    const fresh = await PushApp.start(shop.database.urlAs('lakeloop_notification', 'test'), shop.changeLog);
    try {
      const response = await fetch(`${fresh.url}/v1/changes/shop.item`, { headers: { authorization: `Bearer ${await token()}` } });
      expect(response.status).toBe(503);
    } finally {
      await fresh.stop();
    }
  });
});
