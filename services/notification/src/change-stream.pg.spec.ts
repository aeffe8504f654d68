import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EventReader } from './testing/event-reader.ts';
import { PushApp, token } from './testing/push-app.ts';
import { ALL_ROWS, type Item, Shop } from './testing/shop.ts';

const item = (id: number, name = `item ${id}`, region = 'north'): Item => ({ id, name, region, secret: null });
const created = (row: Item) => ({ op: 'c', before: null, after: row }) as const;
const updated = (before: Item, after: Item) => ({ op: 'u', before, after }) as const;
const deleted = (before: Item) => ({ op: 'd', before, after: null }) as const;

let shop: Shop;
let app: PushApp;
const readers: EventReader[] = [];

beforeAll(async () => {
  shop = await Shop.open();
  await shop.policy(ALL_ROWS);
  app = await PushApp.start(shop.database.urlAs('lakeloop_notification', 'test'), shop.changeLog);
});
afterAll(async () => {
  await app?.stop();
  await shop?.close();
});
beforeEach(() => shop.write({ op: 't', before: null, after: null }));
afterEach(async () => {
  readers.splice(0).forEach((reader) => reader.close());
  await shop.rollBack();
});

interface Opening {
  lastEventId?: string;
  bearer?: string;
  prefer?: string;
}

async function open(path = 'shop.item', { lastEventId, bearer, prefer }: Opening = {}): Promise<EventReader> {
  const headers = { ...(lastEventId ? { 'last-event-id': lastEventId } : {}), ...(prefer ? { prefer } : {}) };
  const reader = await EventReader.open(`${app.url}/v1/changes/${path}`, { authorization: `Bearer ${bearer ?? (await token())}`, ...headers });
  readers.push(reader);
  return reader;
}

/** The rows that a subscriber holds, were it to apply what it was sent; throws when anything comes twice. */
function held(...streams: EventReader[]): Map<number, Record<string, unknown>> {
  const rows = new Map<number, Record<string, unknown>>();
  const seen = new Set<string>();
  for (const { event, data } of streams.flatMap(({ events }) => events)) {
    if (event === 'snapshot') for (const row of (data as { rows: Item[] }).rows) rows.set(row.id, { ...row });
    if (event !== 'change') continue;
    const change = data as { op: string; id: string; key: { id: number } | null; after: Record<string, unknown> | null };
    const name = `${change.id} ${JSON.stringify(change.key)}`;
    if (seen.has(name)) throw new Error(`delivered twice: ${name}`);
    seen.add(name);
    if (change.op === 't') rows.clear();
    else if (change.op === 'd' && change.key) rows.delete(change.key.id);
    else if (change.key && change.after) rows.set(change.key.id, change.after);
  }
  return rows;
}

const table = async (): Promise<Map<number, Record<string, unknown>>> => {
  const { rows } = await shop.database.client.query<{ id: string }>('select * from shop.item order by id');
  return new Map(rows.map((row) => [Number(row.id), { ...row, id: Number(row.id) }]));
};

describe('an edit of the table', () => {
  it('is told at once, by whatever tool it is made; who sees something else now starts anew', async () => {
    const [keys, all] = [await open('shop.item?select=id'), await open()];
    await Promise.all([keys.ready(), all.ready()]);
    await shop.database.client.query('alter table shop.item add column note text');
    await keys.until((reader) => reader.of('schema').length === 1, 'schema');
    await all.end();
    expect(all.of('schema')).toHaveLength(1);
    expect(all.of('reset').map(({ reason }) => reason)).toEqual(['policy-changed']);
    await shop.database.client.query('alter table shop.item drop column note');
    await keys.until((reader) => reader.of('schema').length === 2, 'schema');
    await shop.write(created(item(77)));
    await keys.until(({ changes }) => changes.length === 1);
    expect(keys.of('reset')).toEqual([]);
  });
});

describe('a fresh change stream', () => {
  it('is a snapshot of the rows, ready with a cursor, then each change as it comes', async () => {
    await shop.write(created(item(1)));
    const reader = await open();
    await reader.ready();
    expect(reader.rows).toEqual([item(1)]);
    expect(reader.of('ready')).toEqual([{ rows: 1, key: ['id'] }]);
    expect(reader.events.find(({ event }) => event === 'ready')?.id).toBeTruthy();
    await shop.write(created(item(2)));
    await shop.write(updated(item(1), item(1, 'renamed')));
    await shop.write(deleted(item(2)));
    await reader.until(({ changes }) => changes.length === 3);
    expect(reader.changes.map(({ op, key, after }) => [op, key, after])).toEqual(
      expect.arrayContaining([
        ['c', { id: 2 }, item(2)],
        ['u', { id: 1 }, item(1, 'renamed')],
        ['d', { id: 2 }, null],
      ]),
    );
    expect(reader.changes[0]).toMatchObject({ actor: 'ada', traceparent: expect.stringContaining('4bf92f') });
  });

  it('leaves the rows out where only changes are wanted, and goes on from its cursor all the same', async () => {
    await shop.write(created(item(1)));
    const reader = await open('shop.item', { prefer: 'handling=lenient, snapshot=none' });
    await reader.ready();
    expect([reader.rows, reader.of('ready'), reader.response.headers.get('preference-applied')]).toEqual([[], [{ rows: 0, key: ['id'] }], 'snapshot=none']);
    await shop.write(deleted(item(1)));
    await reader.until(({ changes }) => changes.length === 1);
    expect(reader.changes[0]).toMatchObject({ op: 'd', key: { id: 1 } });
    reader.close();
    await shop.write(created(item(2)));
    const lastEventId = reader.cursors.at(-1) ?? '';
    const resumed = await open('shop.item', { prefer: 'snapshot=none', lastEventId });
    await resumed.until(({ changes }) => changes.length === 1);
    expect([resumed.rows, resumed.changes[0]?.key]).toEqual([[], { id: 2 }]);
  });

  it('drops what the snapshot holds and delivers what it does not, whichever came first in the log', async () => {
    const open1 = await shop.begin();
    await open1.run(created(item(10)));
    const early = await shop.begin();
    await early.run(created(item(11)));
    // In the log only after the snapshot was taken, though committed before it: the stream must know it by its transaction.
    const { records } = await early.commit({ publish: false });
    const reader = await open();
    await reader.ready();
    expect(reader.rows.map((row) => row['id'])).toEqual([11]);
    await shop.append(records);
    // Its transaction id is older than that of item 11, and it is not in the snapshot.
    await open1.commit();
    await shop.write(created(item(12)));
    await reader.until(({ changes }) => changes.length >= 2);
    expect(reader.changes.map(({ key }) => key?.['id'])).toEqual(expect.arrayContaining([10, 12]));
    expect(held(reader)).toEqual(await table());
  });

  it('delivers an event that was in the log before its transaction was visible', async () => {
    const waiting = await shop.begin();
    await waiting.run(created(item(20)));
    // As with a commit that waits for its synchronous standby: sent to capture, not yet visible to others.
    const records = await waiting.records();
    await shop.append(records);
    await shop.database.client.query("select pg_logical_emit_message(false, 'test', 'more WAL')");
    const warm = await open();
    await warm.until(({ changes, rows }) => changes.length + rows.length > 0);
    const reader = await open();
    await reader.until(({ changes }) => changes.length === 1);
    expect([reader.rows, reader.changes.map(({ key }) => key)]).toEqual([[], [{ id: 20 }]]);
    await waiting.commit({ publish: false });
  });

  it('never shows a change twice when capture repeats it', async () => {
    const reader = await open();
    await reader.ready();
    const transaction = await shop.begin();
    await transaction.run(created(item(30)));
    await transaction.run(created(item(31)));
    const { records } = await transaction.commit();
    await shop.append(records);
    await shop.write(created(item(32)));
    await reader.until(({ changes }) => changes.some(({ key }) => key?.['id'] === 32));
    expect(reader.changes.map(({ key }) => key?.['id'])).toEqual(expect.arrayContaining([30, 31, 32]));
    expect(reader.changes).toHaveLength(3);
  });

  it('holds the table, exactly, for streams that start while writers write', async () => {
    const writing = (async () => {
      for (let id = 100; id < 220; id += 1) {
        await shop.write(created(item(id)));
        if (id % 3 === 0) await shop.write(updated(item(id), item(id, 'again')));
        if (id % 5 === 0) await shop.write(deleted(item(id, id % 3 === 0 ? 'again' : `item ${id}`)));
      }
    })();
    const streams: EventReader[] = [];
    for (let i = 0; i < 12; i += 1) {
      const reader = await open();
      await reader.ready();
      streams.push(reader);
    }
    await writing;
    await shop.write(created(item(999)));
    const expected = await table();
    for (const reader of streams) {
      await reader.until(() => held(reader).has(999), 'the last row');
      expect(held(reader)).toEqual(expected);
    }
  });

  it('filters by the query: a row that comes to match is created, one that ceases to is deleted', async () => {
    await shop.write(created(item(1, 'one', 'north')));
    await shop.write(created(item(2, 'two', 'south')));
    const reader = await open('shop.item?region=eq.north&select=name');
    await reader.ready();
    expect(reader.rows).toEqual([{ id: 1, name: 'one' }]);
    await shop.write(updated(item(2, 'two', 'south'), item(2, 'two', 'north')));
    await shop.write(updated(item(1, 'one', 'north'), item(1, 'one', 'south')));
    await shop.write(created(item(3, 'three', 'south')));
    await shop.write(created(item(4, 'four', 'north')));
    await reader.until(({ changes }) => changes.some(({ key }) => key?.['id'] === 4) && changes.length >= 3);
    expect(Object.fromEntries(reader.changes.map(({ op, key, after }) => [Number(key?.['id']), [op, after]]))).toEqual({
      2: ['c', { id: 2, name: 'two' }],
      1: ['d', null],
      4: ['c', { id: 4, name: 'four' }],
    });
  });
});

describe('resuming', () => {
  it('goes on after the cursor without a loss and without a double, under concurrent writes and at every cut', async () => {
    await shop.write(created(item(1)));
    const writing = (async () => {
      for (let id = 300; id < 420; id += 1) await shop.write(created(item(id)));
      await shop.write(created(item(999)));
    })();
    let reader = await open();
    await reader.ready();
    const streams = [reader];
    for (let cut = 0; cut < 8 && !reader.changes.some(({ key }) => key?.['id'] === 999); cut += 1) {
      const seen = reader.events.length;
      await reader.until(({ events, changes }) => events.length > seen + 4 || changes.some(({ key }) => key?.['id'] === 999));
      const count = reader.events.length;
      reader.events.splice(count - 1);
      reader.close();
      const cursor =
        [...streams]
          .reverse()
          .flatMap(({ events }) => [...events].reverse())
          .find(({ id }) => id)?.id ?? '';
      reader = await open('shop.item', { lastEventId: cursor });
      streams.push(reader);
    }
    await writing;
    await reader.until(() => held(...streams).has(999), 'the last row');
    expect(reader.rows).toEqual([]);
    expect(held(...streams)).toEqual(await table());
  });

  it('is refused with a reset for another filter, a forged cursor or another role', async () => {
    const reader = await open();
    await reader.ready();
    const cursor = reader.events.find(({ id }) => id)?.id ?? '';
    for (const [path, lastEventId, reason] of [
      ['shop.item?id=eq.1', cursor, 'policy-changed'],
      ['shop.item', `${cursor}x`, 'gap'],
      ['shop.item', cursor.replace(/~([^~]*)\.(\w+)/, '~$1.0'), 'gap'],
      ['shop.item', 'nonsense', 'gap'],
    ] as const) {
      const refused = await open(path, { lastEventId });
      await refused.end();
      expect(refused.of('reset').map((reset) => reset.reason)).toEqual([reason]);
    }
  });

  it('works on another instance of the service', async () => {
    const reader = await open();
    await reader.ready();
    const cursor = reader.events.find(({ id }) => id)?.id ?? '';
    reader.close();
    await shop.write(created(item(50)));
    const other = await PushApp.start(shop.database.urlAs('lakeloop_notification', 'test'), shop.changeLog);
    try {
      const resumed = await EventReader.open(`${other.url}/v1/changes/shop.item`, { authorization: `Bearer ${await token()}`, 'last-event-id': cursor });
      await resumed.until(({ changes }) => changes.length === 1);
      expect(resumed.changes[0]).toMatchObject({ op: 'c', key: { id: 50 } });
      resumed.close();
    } finally {
      await other.stop();
    }
  });
});
