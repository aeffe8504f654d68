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
    grant usage on schema app, other to analyst; grant all on app.people, other.places to analyst`);
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

  it('switches schema, and reports errors in full', async () => {
    expect(await client.schema('other').from('places').insert({ id: 1, name: 'x' }).select()).toMatchObject({ status: 201, data: [{ id: 1, name: 'x' }] });
    expect(await client.from('nowhere').select()).toMatchObject({ status: 404, error: { code: 'PGRST205' } });
    expect(await client.from('people').insert({ id: 1 })).toMatchObject({
      status: 409,
      error: { code: '23505', message: expect.stringContaining('duplicate key') },
    });
  });
});
