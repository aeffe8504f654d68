import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgrestClient } from '@supabase/postgrest-js';
import type { TestDatabase } from '#libs/testing/postgres';
import { governedDatabase, startWriteApp, untilReady, type WriteApp } from '../testing/write-app.ts';

/** The rows a client without generated types sees. */
type Untyped = PostgrestClient<never, never, never>;

let database: TestDatabase & { writeUrl: string };
let service: WriteApp;
let client: PostgrestClient;

beforeAll(async () => {
  database = await governedDatabase();
  await database.client.query(`
    create schema app; create schema other;
    create table app.people (id integer primary key, name text, age integer, tags text[], data jsonb);
    create table other.places (id integer primary key, name text);
    create table app.teams (id integer primary key, name text);
    create table app.members (team_id integer references app.teams, person_id integer references app.people, since date, primary key (team_id, person_id));
    insert into app.teams values (1, 'Red'), (2, 'Blue');
    create function app.older_than(years integer) returns setof app.people stable language sql as $$ select * from app.people where age > years $$;
    create function app.add_numbers(a integer, b integer) returns integer immutable language sql as $$ select a + b $$;
    create function app.birthday(who integer) returns app.people language sql as $$ update app.people set age = age + 1 where id = who returning * $$;
    grant usage on schema app, other to analyst; grant all on app.people, app.teams, app.members, other.places to analyst`);
  service = await startWriteApp(database.writeUrl);
  await untilReady(service.url);
  client = new PostgrestClient(`${service.url}/rest/v1`, {
    headers: { authorization: `Bearer ${await service.token('analyst')}` },
  }) as unknown as Untyped as never;
});

afterAll(async () => {
  await service.stop();
  await database.drop();
});

describe('@supabase/postgrest-js, unchanged', () => {
  it('inserts, upserts, updates and deletes', async () => {
    const inserted = await client
      .from('people')
      .insert(
        [
          { id: 1, name: 'Ann', age: 30 },
          { id: 2, name: 'Bob', age: 40 },
        ],
        { count: 'exact' },
      )
      .select('id,name');
    expect(inserted).toMatchObject({
      status: 201,
      error: null,
      count: 2,
      data: [
        { id: 1, name: 'Ann' },
        { id: 2, name: 'Bob' },
      ],
    });
    expect(await client.from('people').insert({ id: 3, name: 'Cy, (third)', age: 50, tags: ['a', 'b'], data: { k: [1] } })).toMatchObject({
      status: 201,
      data: null,
      error: null,
    });
    const upserted = await client.from('people').upsert({ id: 2, name: 'Bobby' }, { onConflict: 'id' }).select().single();
    expect(upserted).toMatchObject({ error: null, data: { id: 2, name: 'Bobby', age: 40 } });
    expect(await client.from('people').upsert({ id: 2, name: 'lost' }, { ignoreDuplicates: true })).toMatchObject({ error: null });
    expect(await client.from('people').update({ age: 41 }).eq('id', 2).select('age')).toMatchObject({ status: 200, data: [{ age: 41 }] });
    expect(await client.from('people').insert({ id: 4, name: 'Dee' })).toMatchObject({ status: 201 });
    expect(await client.from('people').delete({ count: 'exact' }).eq('id', 4)).toMatchObject({ status: 204, count: 1, error: null });
  });

  it('filters with every operator that it has for these types', async () => {
    const names = async (query: PromiseLike<{ data: unknown; error: unknown }>): Promise<unknown> => {
      const { data, error } = await query;
      expect(error).toBeNull();
      return (data as { id: number }[]).map(({ id }) => id);
    };
    const people = () => client.from('people').select('id').order('id');
    expect(await names(people().neq('id', 1))).toEqual([2, 3]);
    expect(await names(people().gt('age', 30).lte('age', 50))).toEqual([2, 3]);
    expect(await names(people().in('name', ['Ann', 'Cy, (third)']))).toEqual([1, 3]);
    expect(await names(people().eq('name', 'Cy, (third)'))).toEqual([3]);
    expect(await names(people().is('data', null))).toEqual([1, 2]);
    expect(await names(people().not('data', 'is', null))).toEqual([3]);
    expect(await names(people().like('name', 'A%'))).toEqual([1]);
    expect(await names(people().ilikeAnyOf('name', ['a%', 'b%']))).toEqual([1, 2]);
    expect(await names(people().contains('tags', ['a']))).toEqual([3]);
    expect(await names(people().contains('data', { k: [1] }))).toEqual([3]);
    expect(await names(people().overlaps('tags', ['b', 'z']))).toEqual([3]);
    expect(await names(people().or('id.eq.1,and(age.gt.45,name.like.C*)'))).toEqual([1, 3]);
    expect(await names(people().match({ id: 1, name: 'Ann' }))).toEqual([1]);
    expect(await names(people().textSearch('name', 'third', { type: 'plain', config: 'english' }))).toEqual([3]);
    expect(await names(people().filter('data->k->>0', 'eq', '1'))).toEqual([3]);
  });

  it('counts, pages, orders and takes one', async () => {
    expect(await client.from('people').select('*', { count: 'exact', head: true })).toMatchObject({ count: 3, data: null, error: null });
    expect(await client.from('people').select('id', { count: 'exact' }).order('age', { ascending: false, nullsFirst: false }).range(0, 1)).toMatchObject({
      status: 206,
      count: 3,
      data: [{ id: 3 }, { id: 2 }],
    });
    expect(await client.from('people').select('id').eq('id', 1).single()).toMatchObject({ data: { id: 1 } });
    expect(await client.from('people').select('id').eq('id', 99).maybeSingle()).toMatchObject({ data: null, error: null });
    expect(await client.from('people').select('id').single()).toMatchObject({ status: 406, error: { code: 'PGRST116' } });
    const most = client.from('people').update({ age: 0 }).gt('id', 0).maxAffected(1) as unknown as PromiseLike<unknown>;
    expect(await most).toMatchObject({ status: 400, error: { code: 'PGRST124' } });
    expect((await client.from('people').select('id,data').eq('id', 1).stripNulls()).data).toEqual([{ id: 1 }]);
  });

  it('embeds, spreads and filters related rows', async () => {
    expect(
      await client.from('members').insert([
        { team_id: 1, person_id: 1, since: '2020-01-01' },
        { team_id: 1, person_id: 2, since: '2021-01-01' },
        { team_id: 2, person_id: 3, since: '2022-01-01' },
      ]),
    ).toMatchObject({ status: 201, error: null });
    const teams = await client.from('teams').select('name, people(name), members(since)').order('name').order('name', { referencedTable: 'people' });
    expect(teams).toMatchObject({
      error: null,
      data: [
        { name: 'Blue', people: [{ name: 'Cy, (third)' }], members: [{ since: '2022-01-01' }] },
        { name: 'Red', people: [{ name: 'Ann' }, { name: 'Bobby' }], members: [{}, {}] },
      ],
    });
    const inner = client.from('teams').select('id, people!inner(id)').eq('people.name', 'Ann');
    expect((await inner).data).toEqual([{ id: 1, people: [{ id: 1 }] }]);
    const limited = client
      .from('teams')
      .select('id, people(id)')
      .eq('id', 1)
      .order('id', { referencedTable: 'people', ascending: false })
      .limit(1, { referencedTable: 'people' });
    expect((await limited).data).toEqual([{ id: 1, people: [{ id: 2 }] }]);
    const either = client
      .from('members')
      .select('since, ...teams(team:name), people(id)')
      .or('name.eq.Ann,age.gt.45', { referencedTable: 'people' })
      .not('people', 'is', null)
      .order('since');
    expect((await either).data).toEqual([
      { since: '2020-01-01', team: 'Red', people: { id: 1 } },
      { since: '2022-01-01', team: 'Blue', people: { id: 3 } },
    ]);
    const counted = await client.from('people').select('team_count:members(count)').eq('id', 1).single();
    expect(counted.data).toEqual({ team_count: [{ count: 1 }] });
  });

  it('calls functions, reads CSV and explains', async () => {
    expect(await client.rpc('add_numbers', { a: 2, b: 3 })).toMatchObject({ data: 5, error: null });
    expect(await client.rpc('older_than', { years: 29 }, { get: true, count: 'exact' }).select('id, members(team_id)').order('id').limit(1)).toMatchObject({
      data: [{ id: 1, members: [{ team_id: 1 }] }],
      error: null,
    });
    expect(await client.rpc('older_than', { years: 0 }, { head: true, count: 'exact' })).toMatchObject({ data: null, error: null });
    const before = (await client.from('people').select('age').eq('id', 1).single()).data as unknown as { age: number };
    expect(await client.rpc('birthday', { who: 1 }).single()).toMatchObject({ data: { id: 1, age: before.age + 1 } });
    expect(await client.rpc('no_such')).toMatchObject({ status: 404, error: { code: 'PGRST202' } });
    expect(await client.from('teams').select('id,name').order('id').csv()).toMatchObject({ data: 'id,name\n1,Red\n2,Blue', error: null });
    expect(await client.from('teams').select().explain()).toMatchObject({ status: 406, error: { code: 'PGRST107' } });
  });

  it('fills in defaults, and undoes too large a write', async () => {
    const { data } = await client
      .from('people')
      .insert([{ id: 20 }, { id: 21, name: 'x' }], { defaultToNull: false })
      .select('id, name');
    expect(data).toEqual([
      { id: 20, name: null },
      { id: 21, name: 'x' },
    ]);
    expect(await client.from('people').delete().in('id', [20, 21]).select('id')).toMatchObject({ status: 200, data: [{ id: 20 }, { id: 21 }] });
  });

  it('switches schema, and reports errors in full', async () => {
    expect(await client.schema('other').from('places').insert({ id: 1, name: 'x' }).select()).toMatchObject({ status: 201, data: [{ id: 1, name: 'x' }] });
    expect(await client.from('nowhere').select()).toMatchObject({ status: 404, error: { code: 'PGRST205' } });
    expect(await client.from('people').insert({ id: 1 })).toMatchObject({
      status: 409,
      error: { code: '23505', message: expect.stringContaining('duplicate key') },
    });
  });
});
