import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { PolicyPart } from '#libs/governance/policy/merge-policies';
import { EventReader } from './testing/event-reader.ts';
import { PushApp, token } from './testing/push-app.ts';
import { ALL_ROWS, type Item, Shop } from './testing/shop.ts';

const item = (id: number, region: string, secret: string | null = 'classified'): Item => ({ id, name: `item ${id}`, region, secret });
const OWN_REGION: PolicyPart = {
  roles: { analyst: { 'shop.item': { select: { columns: ['id', 'name', 'region'], rows: { op: 'eq', column: 'region', value: { claim: 'region' } } } } } },
};

let shop: Shop;
let app: PushApp;
const readers: EventReader[] = [];

beforeAll(async () => {
  shop = await Shop.open();
  app = await PushApp.start(shop.database.urlAs('lakeloop_notification', 'test'), shop.changeLog, { recheckMs: 200 });
});
afterAll(async () => {
  await app?.stop();
  await shop?.close();
});
beforeEach(async () => {
  await shop.policy(OWN_REGION);
  await shop.write({ op: 't', before: null, after: null });
});
afterEach(async () => {
  readers.splice(0).forEach((reader) => reader.close());
  await shop.rollBack();
});

async function open(path: string, claims: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<EventReader> {
  const reader = await EventReader.open(`${app.url}/v1/changes/${path}`, { authorization: `Bearer ${await token(claims)}`, ...headers });
  readers.push(reader);
  return reader;
}

async function refusal(path: string, claims: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const response = await fetch(`${app.url}/v1/changes/${path}`, { headers: { authorization: `Bearer ${await token(claims)}` } });
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  return (await response.json()) as Record<string, unknown>;
}

const admin = (sql: string): Promise<unknown> => shop.database.client.query(sql);

describe('policy at push', () => {
  it('shows each subscriber its rows and columns alone, in the snapshot and in every change', async () => {
    await shop.write({ op: 'c', before: null, after: item(1, 'north') });
    await shop.write({ op: 'c', before: null, after: item(2, 'south') });
    const [north, south, nobody] = await Promise.all([open('shop.item', { region: 'north' }), open('shop.item', { region: 'south' }), open('shop.item')]);
    await Promise.all([north.ready(), south.ready(), nobody.ready()]);
    expect([north.rows, south.rows, nobody.rows]).toEqual([[{ id: 1, name: 'item 1', region: 'north' }], [{ id: 2, name: 'item 2', region: 'south' }], []]);
    await shop.write({ op: 'u', before: item(1, 'north'), after: item(1, 'south') });
    await shop.write({ op: 'c', before: null, after: item(3, 'north') });
    await shop.write({ op: 'd', before: item(2, 'south'), after: null });
    await shop.write({ op: 't', before: null, after: null });
    for (const reader of [north, south, nobody]) await reader.until(({ changes }) => changes.some(({ op }) => op === 't'), 'the truncate');
    await north.until(({ changes }) => changes.length === 3);
    await south.until(({ changes }) => changes.length === 3);
    const seen = (reader: EventReader) => reader.changes.filter(({ op }) => op !== 't').map(({ op, key, after }) => ({ op, id: key?.['id'], after }));
    expect(seen(north)).toHaveLength(2);
    expect(seen(north)).toEqual(
      expect.arrayContaining([
        { op: 'd', id: 1, after: null },
        { op: 'c', id: 3, after: { id: 3, name: 'item 3', region: 'north' } },
      ]),
    );
    expect(seen(south)).toEqual(
      expect.arrayContaining([
        { op: 'c', id: 1, after: { id: 1, name: 'item 1', region: 'south' } },
        { op: 'd', id: 2, after: null },
      ]),
    );
    expect(seen(nobody)).toEqual([]);
    expect(JSON.stringify([north.events, south.events])).not.toContain('classified');
  });

  it('tells subscribers to start anew when the policy changes, and shows nothing more under the old one', async () => {
    const reader = await open('shop.item', { region: 'north' });
    const other = await open('shop.item', { role: 'approver' }).catch(() => undefined);
    await reader.ready();
    await shop.policy({ roles: { analyst: { 'shop.item': { select: { columns: ['id', 'name'] } } } } });
    await shop.write({ op: 'c', before: null, after: item(5, 'north') });
    await reader.end();
    expect(reader.of('reset').map(({ reason }) => reason)).toEqual(['policy-changed']);
    expect(reader.changes).toEqual([]);
    const again = await open('shop.item', { region: 'north' });
    await again.ready();
    expect(again.rows).toEqual([{ id: 5, name: 'item 5' }]);
    expect(other?.response.status).toBe(403);
  });

  it('keeps streams open over a policy change that does not touch them', async () => {
    const reader = await open('shop.item', { region: 'north' });
    await reader.ready();
    await shop.policy({ roles: { ...OWN_REGION.roles, approver: { 'shop.item': { select: { columns: '*' } } } } });
    await shop.write({ op: 'c', before: null, after: item(6, 'north') });
    await reader.until(({ changes }) => changes.length === 1);
    expect(reader.ended).toBe(false);
  });

  it('notices a grant that was taken back by hand', async () => {
    await shop.policy(ALL_ROWS);
    const reader = await open('shop.item');
    await reader.ready();
    await admin('revoke select on shop.item from analyst; grant select (id, name) on shop.item to analyst');
    await reader.end();
    expect(reader.of('reset')).toHaveLength(1);
    await shop.policy({ roles: {} });
  });

  it('ends a stream with its token, saying so, and goes on with a fresh one', async () => {
    const first = await EventReader.open(`${app.url}/v1/changes/shop.item`, { authorization: `Bearer ${await token({ region: 'north' }, 1)}` });
    await first.end();
    expect(first.of('expired')).toHaveLength(1);
    const cursor = first.events.find(({ id }) => id)?.id ?? '';
    await shop.write({ op: 'c', before: null, after: item(7, 'north') });
    const second = await open('shop.item', { region: 'north' }, { 'last-event-id': cursor });
    await second.until(({ changes }) => changes.length === 1);
    expect(second.rows).toEqual([]);
  });
});

describe('a refused subscription', () => {
  it('is 401 without a token, or with a wrong one', async () => {
    const none = await fetch(`${app.url}/v1/changes/shop.item`);
    const wrong = await fetch(`${app.url}/v1/changes/shop.item`, { headers: { authorization: 'Bearer x.y.z' } });
    expect([none.status, none.headers.get('www-authenticate'), wrong.status]).toEqual([401, 'Bearer', 401]);
  });

  it.each([
    ['shop.nothing', 404, 'unknown-table'],
    ['lakeloop.policy', 404, 'unknown-table'],
    ['nothing', 400, 'invalid-filter'],
    ['shop.plain', 403, 'forbidden'],
  ])('%s is %d %s', async (path, status, code) => {
    expect(await refusal(path)).toMatchObject({ status, type: `urn:lakeloop:problem:${code}` });
  });

  it.each([
    ['id=like.1*', 'id'],
    ['id=eq.abc', 'id.eq'],
    ['name=gt.a', 'name.gt'],
    ['nope=eq.1', undefined],
    ['order=id', 'order'],
    ['select=id,name:label', 'select'],
    ['and=(id.eq.1', 'and'],
    ['id=eq.99999999999999999999', 'id.eq'],
    [`name"; drop table shop.item; --=eq.1`, undefined],
  ])('a filter %s is 400 and names the place', async (query, place) => {
    const problem = await refusal(`shop.item?${query}`, { region: 'north' });
    expect(problem).toMatchObject({ status: 400, ...(place === undefined ? {} : { place }) });
  });

  it('is 403 when the filter or the selection asks for a column that may not be read', async () => {
    expect(await refusal('shop.item?secret=eq.classified')).toMatchObject({ status: 403 });
    expect(await refusal('shop.item?select=id,secret')).toMatchObject({ status: 403 });
  });

  it('is 403 for a role that the service may not become', async () => {
    expect(await refusal('shop.item', { role: 'lakeloop_owner' })).toMatchObject({ status: 403 });
    expect(await refusal('shop.item', { role: 'nobody_at_all' })).toMatchObject({ status: 403 });
  });

  it('is 409 where rows could not be checked: foreign row-level security, no key, no full identity, not published', async () => {
    await admin(`create table shop.hand (id bigint primary key, owner text); alter table shop.hand enable row level security;
      create policy by_hand on shop.hand using (owner = current_user); grant select on shop.hand to analyst; select lakeloop.adopt('shop.hand');
      create table shop.keyless (a int); grant select on shop.keyless to analyst; alter publication lakeloop add table shop.keyless;
      create table shop.quiet (id int primary key); grant select on shop.quiet to analyst;
      create table shop.narrow (id int primary key, a int); grant select on shop.narrow to analyst; alter publication lakeloop add table shop.narrow;
      create view shop.seen as select 1 as id; grant select on shop.seen to analyst`);
    expect(await refusal('shop.hand')).toMatchObject({ status: 409, type: 'urn:lakeloop:problem:row-level-security' });
    expect(await refusal('shop.keyless')).toMatchObject({ status: 409, type: 'urn:lakeloop:problem:no-primary-key' });
    expect(await refusal('shop.quiet')).toMatchObject({ status: 409, type: 'urn:lakeloop:problem:not-published' });
    expect(await refusal('shop.narrow?a=eq.1')).toMatchObject({ status: 409, type: 'urn:lakeloop:problem:replica-identity' });
    expect(await refusal('shop.seen')).toMatchObject({ status: 409, type: 'urn:lakeloop:problem:not-a-table' });
    const whole = await open('shop.narrow');
    await whole.ready();
  });

  it('is 409 when a policy of somebody else is laid over ours', async () => {
    await admin(`create policy extra on shop.item as restrictive for select to analyst using (id < 100)`);
    expect(await refusal('shop.item', { region: 'north' })).toMatchObject({ status: 409 });
    await admin('drop policy extra on shop.item');
  });
});
