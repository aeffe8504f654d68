import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiStand, openApi, type Reply } from '../testing/api-stand.ts';

let stand: ApiStand;

beforeAll(async () => {
  stand = await openApi(`create schema app authorization lakeloop_owner; create schema other authorization lakeloop_owner; grant usage on schema app to analyst;
    set role lakeloop_owner; create table app.said (letters integer);
    create function app.say_once(letters integer) returns json language plpgsql security definer set search_path = app as $$ begin
      perform set_config('response.status', '299', true), set_config('response.headers', '[{"x-said": "yes"}]', true);
      insert into said values (letters); return json_build_object('said', repeat('a', letters), 'number', (select count(*) from said)); end $$;
    revoke execute on function app.say_once from public; grant execute on function app.say_once to analyst; reset role`);
});
afterAll(() => stand?.stop());

describe('what is kept of a call under an Idempotency-Key', () => {
  const NOT_KEPT = [204, 'true', 'not-kept', ''];
  const seen = ({ status, headers, text }: Reply): unknown[] => [status, headers.get('idempotent-replayed'), headers.get('lakeloop-answer'), text];
  const say = (key: string, letters: number, ask: { role?: string; claims?: Record<string, unknown>; headers?: Record<string, string> } = {}): Promise<Reply> =>
    stand.call('POST', '/rest/v1/rpc/say_once', { role: 'analyst', body: { letters }, ...ask, headers: { 'idempotency-key': key, ...ask.headers } });
  const said = async (): Promise<number> => Number((await stand.database.client.query<{ n: string }>('select count(*) as n from app.said')).rows[0]?.n);

  it('is the answer with its status and headers, up to 64 KiB', async () => {
    const first = await say('kept-1', 3);
    const again = await say('kept-1', 3);
    expect([again.status, again.text, again.headers.get('x-said'), again.headers.get('idempotent-replayed')]).toEqual([299, first.text, 'yes', 'true']);
    expect((await say('kept-2', 70_000)).status).toBe(299);
    expect(seen(await say('kept-2', 70_000))).toEqual(NOT_KEPT);
    expect(await said()).toBe(2);
  });

  it('is for whom it was said to alone: the same claims, role and Accept', async () => {
    const claims = { region: 'north' };
    expect((await say('kept-3', 1, { claims })).status).toBe(299);
    expect(seen(await say('kept-3', 1, { claims: { region: 'south' } }))).toEqual(NOT_KEPT);
    expect(seen(await say('kept-3', 1, { claims, headers: { accept: 'application/vnd.pgrst.object+json' } }))).toEqual(NOT_KEPT);
    expect((await say('kept-3', 1, { claims: { ...claims, exp: Math.floor(Date.now() / 1000) + 60 } })).status).toBe(299);
    const before = await said();
    expect((await say('kept-3', 1, { claims: { sub: 'another' } })).headers.get('idempotent-replayed')).toBeNull();
    expect(await said()).toBe(before + 1);
  });

  it('is not said again once a policy has changed, the role may not call it any more, or a day has passed', async () => {
    const { client } = stand.database;
    for (const key of ['kept-4', 'kept-5']) expect((await say(key, 1)).status).toBe(299);
    await client.query('revoke execute on function app.say_once from analyst');
    expect(seen(await say('kept-4', 1))).toEqual(NOT_KEPT);
    await client.query('grant execute on function app.say_once to analyst');
    expect((await say('kept-4', 1)).status).toBe(299);
    await client.query(`update lakeloop.kept_answer set policy_version = policy_version - 1`);
    expect(seen(await say('kept-4', 1))).toEqual(NOT_KEPT);
    await client.query(`update lakeloop.kept_answer set policy_version = policy_version + 1, kept_at = now() - interval '25 hours'`);
    expect(seen(await say('kept-5', 1))).toEqual(NOT_KEPT);
    for (let left = 1; left > 0;) left = (await client.query('select from lakeloop.kept_answer')).rowCount ?? 0;
  });
});
