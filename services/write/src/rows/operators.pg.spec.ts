import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openRows, type RowsStand } from '../testing/rows-stand.ts';

const SCHEMA = `
  create schema app; create schema other;
  create extension citext schema public; create extension ltree schema public;
  create type app.address as (street text, number integer);
  create table app.things (id integer primary key, word text, folded citext, n integer, flag boolean, tags text[], span int4range, doc text, vec tsvector, data jsonb, place app.address, path ltree,
    "we ird, ""col"" ü" text, "a.b" text);
  insert into app.things values
    (1, 'alpha', 'One', 1, true, '{a,b}', '[1,5)', 'The quick foxes jump', to_tsvector('english', 'The quick foxes jump'), '{"k": {"n": 1, "list": [10, {"x": "deep"}]}, "s": "str"}', ('Main', 5), 'Top.Science', 'odd', 'dotted'),
    (2, 'beta', 'two', 2, false, '{b,c}', '[5,9)', 'Cats sleep', to_tsvector('english', 'Cats sleep'), '{"k": {"n": 2}}', ('Side', 9), 'Top.Hobbies', null, null),
    (3, null, null, null, null, null, null, null, null, null, null, null, 'a,b', 'x.y'),
    (4, '50%*', 'x(y)', 4, true, '{}', 'empty', '', '', '[]', null, 'Other', '"quoted"', '');
  grant usage on schema app to analyst; grant all on app.things to analyst;
`;

let stand: RowsStand;
beforeAll(async () => {
  stand = await openRows(SCHEMA);
});
afterAll(() => stand.stop());

async function ids(query: string): Promise<unknown> {
  const { status, body } = await stand.get(`things?select=id&order=id&${query}`);
  return status === 200 ? (body as { id: number }[]).map(({ id }) => id) : [status, (body as { code: string }).code];
}

describe('operators', () => {
  it.each<[query: string, found: unknown]>([
    ['n=eq.1', [1]],
    ['n=neq.1', [2, 4]],
    ['n=not.eq.1', [2, 4]],
    ['n=gt.1&n=lte.2', [2]],
    ['n=isdistinct.1', [2, 3, 4]],
    ['word=is.null', [3]],
    ['word=not.is.null', [1, 2, 4]],
    ['word=is.not_null', [1, 2, 4]],
    ['flag=is.true', [1, 4]],
    ['flag=is.UNKNOWN', [3]],
    ['flag=not.is.false', [1, 3, 4]],
    ['n=in.(1,2)', [1, 2]],
    ['n=not.in.(1,2)', [4]],
    ['n=in.()', []],
    ['n=in.( 1, 2 )', [1, 2]],
    ['word=in.("alpha","50%*")', [1, 4]],
    ['"we ird, \\"col\\" ü"=in.("a,b","\\"quoted\\"")', [3, 4]],
    ['word=like.*a', [1, 2]],
    ['word=like.%a', [1, 2]],
    ['word=ilike.ALP*', [1]],
    ['word=like(any).{al*,be*}', [1, 2]],
    ['word=ilike(all).{*A,b*}', [2]],
    ['word=match.^[ab]', [1, 2]],
    ['word=imatch.^AL', [1]],
    ['word=match(any).{^a,^b}', [1, 2]],
    ['n=eq(any).{1,4}', [1, 4]],
    ['n=gt(all).{1,2}', [4]],
    ['n=not.eq(any).{1,2}', [4]],
    ['folded=like.ONE', [1]],
    ['path=match.Top.*', [1, 2]],
    ['path=cd.Top', [1, 2]],
    ['tags=cs.{b}', [1, 2]],
    ['tags=cd.{a,b,c}', [1, 2, 4]],
    ['tags=ov.{c,z}', [2]],
    ['data=cs.{"s":"str"}', [1]],
    ['span=sl.[6,7)', [1]],
    ['span=sr.[0,2)', [2]],
    ['span=nxr.[0,5)', [1]],
    ['span=nxl.[5,6)', [2]],
    ['span=adj.[5,6)', [1]],
    ['doc=fts(english).fox', [1]],
    ['doc=plfts(english).foxes jump', [1]],
    ['doc=phfts(english).quick fox', [1]],
    ['doc=wfts(english).fox or cat', [1, 2]],
    ['vec=fts(english).jumping', [1]],
    ['vec=not.wfts(english).-cat', [2]],
  ])('%s', async (query, found) => {
    expect(await ids(encodeURI(query))).toEqual(found);
  });

  it('join in trees, as deep as they are asked, negated or not', async () => {
    expect(await ids('or=(n.eq.1,and(n.gt.1,n.lt.4))')).toEqual([1, 2]);
    expect(await ids('and=(n.gte.1,or(word.eq.alpha,not.or(n.lt.4,word.is.null)))')).toEqual([1, 4]);
    expect(await ids('not.and=(n.gt.1,n.lt.4)&n=not.is.null')).toEqual([1, 4]);
    expect(await ids('or=(tags.cs.{b},span.adj."[9,10)",n.in.(4))')).toEqual([1, 2, 4]);
    expect(await ids('or=( n.eq.1 , and ( n.eq.2 , word.not.is.null ) )')).toEqual([1, 2]);
    expect(await ids('or=(word.eq."50%25*",word.like(any).{al*,zz})')).toEqual([1, 4]);
    expect(await ids('or=(data->k->>n.eq.2,data->>s.eq.str)')).toEqual([1, 2]);
    expect(await ids('or=()')).toEqual([400, 'PGRST100']);
  });
});

describe('places inside a value', () => {
  it('are selected, filtered and ordered by', async () => {
    const { body } = await stand.get('things?select=id,data->k->>n,x:data->k->list->1->>x,data->k->list->-1,place->>street&id=eq.1');
    expect(body).toEqual([{ id: 1, n: '1', x: 'deep', list: { x: 'deep' }, street: 'Main' }]);
    expect(await ids('data->k->n=eq.2')).toEqual([2]);
    expect(await ids('place->number=gt.5')).toEqual([2]);
    expect((await stand.get('things?select=id&data=not.is.null&order=data->k->>n.desc.nullslast')).body).toEqual([{ id: 2 }, { id: 1 }, { id: 4 }]);
    expect((await stand.get('things?select=n:data->k->n::text&id=eq.1')).body).toEqual([{ n: '1' }]);
    expect(await stand.get('things?select=data->>--34')).toMatchObject({ status: 400, body: { code: 'PGRST100', details: 'unexpected "-" expecting digit' } });
  });
});

describe('odd names', () => {
  it('are quoted in a request, and shown as they are', async () => {
    const name = encodeURIComponent('"we ird, \\"col\\" ü"');
    expect((await stand.get(`things?select=${name},dot:"a.b"&id=eq.1`)).body).toEqual([{ 'we ird, "col" ü': 'odd', dot: 'dotted' }]);
    expect(await ids(`${name}=eq.odd`)).toEqual([1]);
    expect(await ids('"a.b"=eq.x.y')).toEqual([3]);
    expect((await stand.get(`things?select=id&order=${name}.desc.nullslast&limit=1`)).body).toEqual([{ id: 1 }]);
    expect(await ids('a.b=eq.x')).toEqual([400, 'PGRST108']);
  });
});
