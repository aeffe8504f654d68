import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { RowChange } from '#contracts/http/history';
import type { LakeloopClient } from '#libs/client/client';
import type { HistoryOf } from '#libs/client/history/history';
import { type ClientStand, openForClients } from '../testing/client-stand.ts';

let stand: ClientStand;
let client: LakeloopClient;
let psql: pg.Client;

beforeAll(async () => {
  stand = await openForClients(`
    set role lakeloop_owner;
    create table app.entry (id bigint primary key, note text, amount numeric);
    create table app.word (word text primary key, meaning text);
    grant select, insert, update, delete on all tables in schema app to analyst;
    select lakeloop.adopt('app.entry'), lakeloop.adopt('app.word'); reset role`);
  client = stand.clientOf('analyst');
  psql = new pg.Client({ connectionString: stand.database.url });
  await psql.connect();
});
afterAll(async () => {
  await psql?.end();
  await stand?.stop();
});

const entry = { schema: 'app', name: 'entry' };

async function changes(of: HistoryOf = {}, table: { schema?: string; name: string } = entry): Promise<RowChange[]> {
  const found: RowChange[] = [];
  for await (const change of client.history(table, of)) found.push(change);
  return found;
}

/** A row that was inserted and changed so often, and its changes, newest first. */
async function changed(id: number | bigint, notes: readonly string[]): Promise<RowChange[]> {
  const where = { column: 'id', value: String(id) };
  await client.idempotent().from('entry').insert({ id: where.value, note: 'first' });
  for (const note of notes) await client.from('entry').update({ note }).eq('id', where.value);
  return changes({ key: { id } });
}

describe('history of the client', () => {
  it('is read page after page, by key, actor and time, digits and all', async () => {
    const id = 9_007_199_254_740_993n;
    const all = await changed(id, ['second', 'third', 'fourth']);
    expect(all.map(({ after }) => after?.['note'])).toEqual(['fourth', 'third', 'second', 'first']);
    expect(all[0]?.key).toEqual({ id });
    expect(await changes({ key: id, pageSize: 1 })).toEqual(all);
    expect(await changes({ key: id, actor: 'nobody' })).toEqual([]);
    const [newest, , , oldest] = all;
    expect(await changes({ key: id, before: newest?.id })).toEqual(all.slice(1));
    expect(await changes({ key: id, until: new Date(oldest?.at ?? '') })).toEqual([]);
    expect(await client.history(entry, { key: id, pageSize: 3 }).page()).toMatchObject({ table: 'app.entry', next: all[2]?.id });
  });

  it('tells keys that look like something else from each other', async () => {
    for (const word of ['5', '{"a":1}', '"quoted"', 'null', 'ü & ?']) {
      await client.from('word').insert({ word });
      expect((await changes({ key: word }, { name: 'word' })).map(({ key }) => key)).toEqual([{ word }]);
    }
  });

  it('compares two versions, and brings one back, for a reason', async () => {
    const [newest, , first] = await changed(10, ['second', 'third']);
    const [from, to] = [first?.id ?? '', newest?.id ?? ''];
    expect(await client.compare(entry, { key: 10, from, to })).toMatchObject({
      columns: ['note'],
      from: { after: { note: 'first' } },
      to: { after: { note: 'third' } },
    });
    expect(await client.restore(entry, { key: 10, change: from, latest: to, dryRun: true })).toMatchObject({ applied: false, rows: 1 });
    await client.from('entry').update({ note: 'fourth' }).eq('id', 10);
    await expect(client.restore(entry, { key: 10, change: from, latest: to })).rejects.toMatchObject({ status: 409, code: 'changed-since' });
    expect(await client.restore(entry, { key: { id: 10 }, change: from, reason: 'wie früher' })).toMatchObject({ applied: true, rows: 1 });
    expect((await changes({ key: 10 }))[0]).toMatchObject({ reason: 'wie früher', after: { note: 'first' } });
  });

  it('is taken back by change, request and trace; tried first; over what somebody changed since when forced', async () => {
    const [second] = await changed(20, ['second']);
    expect(await client.undo({ change: second?.id ?? '', dryRun: true })).toMatchObject({ applied: false, rows: 1 });
    expect(await client.undo({ change: second?.id ?? '', reason: 'a mistake' })).toMatchObject({ applied: true, rows: 1 });
    expect((await changes({ key: 20 }))[0]).toMatchObject({ reason: 'a mistake', after: { note: 'first' } });

    const traceparent = `00-${'4'.repeat(32)}-${'b'.repeat(16)}-01`;
    await client
      .idempotent({ traceparent, reason: 'two at once' })
      .from('entry')
      .insert([{ id: 30 }, { id: 31 }]);
    const [{ request, traceId, reason }] = (await changes({ key: 30 })) as [RowChange];
    expect([traceId, reason]).toEqual(['4'.repeat(32), 'two at once']);
    await client.from('entry').update({ note: 'mine' }).eq('id', 31);
    const refused = client.undo({ request: request ?? '' });
    await expect(refused).rejects.toMatchObject({ status: 409, code: 'changed-since', problem: { conflicts: [{ key: { id: 31 } }] } });
    expect(await client.undo({ trace: '4'.repeat(32), force: true })).toMatchObject({ rows: 2 });
    const { data } = await client.from('entry').select('id').in('id', [30, 31]);
    expect(data).toEqual([]);
  });
});

describe('an undo that goes on in the service', () => {
  it('is looked at until it has ended: its report, or the problem that it failed with', async () => {
    const [second] = await changed(60, ['second']);
    const states: string[] = [];
    const onProgress = ({ state }: { state: string }): void => void states.push(state);
    expect(await client.undo({ change: second?.id ?? '', wait: 0, onProgress })).toMatchObject({ applied: true, rows: 1 });
    expect(states).toEqual(['running']);
    await expect(client.undo({ change: second?.id ?? '', wait: 0 })).rejects.toMatchObject({ name: 'HttpProblem', status: 409, code: 'changed-since' });
    await expect(client.cancelUndo('1')).rejects.toMatchObject({ status: 404 });
  });
});

describe('the past of the client', () => {
  it('is read with postgrest-js, by time and by checkpoint, and says which moment it was', async () => {
    await client.from('entry').insert({ id: 40, note: 'then' });
    // No checkpoint is taken where nothing is new: the service was faster.
    await psql.query('select lakeloop.take_checkpoint()');
    const { rows } = await psql.query<{ now: Date }>('select clock_timestamp() as now');
    await client.from('entry').update({ note: 'now' }).eq('id', 40);
    const past = client.asOf(new Date((rows[0]?.now ?? new Date()).getTime() + 1));
    expect(past.moment).toBeUndefined();
    const { data } = await past.from('entry').select('note').eq('id', 40);
    expect(data).toEqual([{ note: 'then' }]);
    expect(past.moment).toMatchObject({ at: expect.stringMatching(/^\d{4}-.*Z$/), version: expect.stringMatching(/^\d+$/) });
    const again = await client
      .asOf(past.moment?.version ?? '')
      .schema('app')
      .from('entry')
      .select('note')
      .eq('id', 40);
    expect(again.data).toEqual([{ note: 'then' }]);
    expect((await past.from('entry').delete().eq('id', 40)).error).toMatchObject({ code: 'PGRST127' });
    expect((await client.asOf('2000-01-01').from('entry').select()).error).toMatchObject({ code: 'PGRST136' });
  });
});
