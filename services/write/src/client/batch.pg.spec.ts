import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LakeloopClient } from '#libs/client/client';
import { type ClientStand, openForClients } from '../testing/client-stand.ts';

let stand: ClientStand;
let client: LakeloopClient;

beforeAll(async () => {
  stand = await openForClients(`
    set role lakeloop_owner;
    create table app."a / b" (id bigint primary key, note text, data jsonb);
    create table app.line (id bigint primary key, of bigint references app."a / b");
    grant select, insert, update, delete on all tables in schema app to analyst;
    select lakeloop.adopt('app."a / b"'), lakeloop.adopt('app.line'); reset role`);
  client = stand.clientOf('analyst');
});
afterAll(() => stand?.stop());

const ids = async (): Promise<unknown> => (await client.from('line').select('id').order('id')).data;

describe('a batch of the client', () => {
  it('is one transaction over tables, keeps digits, and gives each answer', async () => {
    const big = 9_007_199_254_740_993n;
    const { answers, replayed } = await client.batch(
      [
        { method: 'POST', schema: 'app', table: 'a / b', headers: { prefer: 'return=representation' }, json: `{"id": ${big}, "data": {"n": 1.10}}` },
        { method: 'POST', table: 'line', body: { id: 1, of: big } },
        { method: 'GET', table: 'a / b', query: { select: 'id,data->>n', note: 'is.null' } },
        { method: 'PATCH', table: 'a / b', query: new URLSearchParams({ note: 'is.null' }), body: { note: 'ü' } },
      ],
      { reason: 'one order' },
    );
    expect(replayed).toBe(false);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 200, 204]);
    expect(answers[2]?.body).toEqual([{ id: big, n: '1.10' }]);
    const [change] = (await client.history({ name: 'a / b' }, { key: big }).page()).changes;
    expect(change).toMatchObject({ reason: 'one order', after: { note: 'ü' } });
  });

  it('keeps nothing when a request is refused, and says which', async () => {
    const before = await ids();
    const refused = client.batch([
      { method: 'POST', table: 'line', body: { id: 7 } },
      { method: 'POST', table: 'line', body: { id: 8, of: 404 } },
    ]);
    await expect(refused).rejects.toMatchObject({ name: 'HttpProblem', status: 409, code: '23503', problem: { index: 1 } });
    expect(await ids()).toEqual(before);
  });

  it('happens once where its answer is lost on the way', async () => {
    let lost = 0;
    const losing = stand.clientOf('analyst', {
      send: async (input, init) => {
        const response = await fetch(input, init);
        if (lost++ > 0) return response;
        await response.text();
        throw new TypeError('the connection broke');
      },
    });
    const outcome = await losing.batch([{ method: 'POST', table: 'line', body: { id: 20 } }]);
    expect(outcome).toMatchObject({ replayed: true, answers: [{ status: 201, body: null }] });
    expect(lost).toBe(2);
  });
});
