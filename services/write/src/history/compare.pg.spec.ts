import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HistoryPage, VersionDiff } from '#contracts/http/history';
import { type ApiStand, openApi, type Reply } from '../testing/api-stand.ts';

let stand: ApiStand;

beforeAll(async () => {
  stand = await openApi(`
    create schema app authorization lakeloop_owner; set role lakeloop_owner;
    create table app.item (id bigint primary key, amount numeric, note text, secret text, old text);
    alter table app.item enable row level security;
    create policy all_of_it on app.item to approver using (true) with check (true);
    create policy noted on app.item for select to analyst using (note is distinct from 'hidden');
    grant usage on schema app to analyst, approver; grant select, insert, update, delete on app.item to approver;
    grant select (id, amount, note) on app.item to analyst;
    select lakeloop.adopt('app.item'); reset role;
    insert into app.item values (1, 12345678901234567890.10, 'a', 's1', 'gone'), (2, 1, 'other', null, null);
    update app.item set amount = 12345678901234567890.20, secret = 's2' where id = 1;
    update app.item set note = 'hidden', old = null where id = 1;
    delete from app.item where id = 1;
    set role lakeloop_owner; alter table app.item drop old; reset role`);
});
afterAll(() => stand?.stop());

const get = <T>(path: string, role = 'approver'): Promise<Reply<T>> => stand.call<T>('GET', `/v1/history/item${path}`, { role });
const compare = (from: string | undefined, to: string | undefined, role?: string): Promise<Reply<VersionDiff>> =>
  get(`/compare?key=1&from=${from}&to=${to}`, role);

/** Ids of the changes of row 1, oldest first. */
async function versions(): Promise<string[]> {
  return (await get<HistoryPage>('?key=1')).body.changes.map(({ id }) => id).toReversed();
}

describe('two versions of a row', () => {
  it('are told with what differs, every digit kept, dropped columns included', async () => {
    const [first, second, third] = await versions();
    const { body, text } = await compare(first, third);
    expect(body).toMatchObject({ table: 'app.item', key: { id: 1 }, from: { id: first, operation: 'insert' }, to: { id: third, actor: 'postgres' } });
    expect(body.columns).toEqual(['amount', 'note', 'secret', 'old']);
    expect(text).toContain('12345678901234567890.20');
    expect((await compare(third, second)).body.columns).toEqual(['note', 'old']);
    expect((await compare(second, second)).body.columns).toEqual([]);
  });

  it('are null where the row was not there: every column differs that had a value', async () => {
    const [first, , , gone] = await versions();
    expect((await compare(first, gone)).body).toMatchObject({ to: { operation: 'delete', after: null }, columns: ['id', 'amount', 'note', 'secret', 'old'] });
  });

  it('are what the role may see of them, and no versions where a policy hides one', async () => {
    const [first, second, third] = await versions();
    const { body, text } = await compare(first, second, 'analyst');
    expect(body.columns).toEqual(['amount']);
    expect(text).not.toMatch(/s1|s2|secret|gone/);
    expect((await compare(first, third, 'analyst')).status).toBe(404);
  });

  it('are of one row: a change of another is none of its versions', async () => {
    const [first] = await versions();
    const [other] = (await get<HistoryPage>('?key=2')).body.changes;
    expect((await compare(first, other?.id)).status).toBe(404);
    expect((await compare(first, 'x')).status).toBe(400);
  });
});

describe('changes of a table', () => {
  it('are picked by who made them, and when', async () => {
    await stand.call('POST', '/rest/v1/item', { role: 'approver', body: { id: 3, amount: 1 } });
    expect((await get<HistoryPage>('?actor=user-of-approver')).body.changes.map(({ key }) => key)).toEqual([{ id: 3 }]);
    const { changes } = (await get<HistoryPage>('')).body;
    const [newest, older] = changes;
    expect((await get<HistoryPage>(`?since=${newest?.at}`)).body.changes.map(({ id }) => id)).toEqual([newest?.id]);
    expect((await get<HistoryPage>(`?until=${newest?.at}&limit=1`)).body.changes.map(({ id }) => id)).toEqual([older?.id]);
    expect((await get('?since=yesterday')).status).toBe(400);
  });
});
