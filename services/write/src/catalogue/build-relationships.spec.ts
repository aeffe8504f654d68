import { describe, expect, it } from '@jest/globals';
import { buildRelationships, type RelationshipSources } from './build-relationships.ts';
import type { ForeignKey } from './relationship.ts';

const table = (name: string, schema = 'app'): { schema: string; name: string } => ({ schema, name });
const key = (from: string, to: string, columns: [string, string][], more: Partial<ForeignKey> = {}): ForeignKey => ({
  constraint: `${from}_${to}`,
  from: table(from),
  to: table(to),
  columns,
  unique: false,
  ...more,
});
const sources = (more: Partial<RelationshipSources>): RelationshipSources => ({
  keys: [],
  views: [],
  computed: [],
  primaryKey: () => [],
  exposed: (schema) => schema === 'app',
  ...more,
});
const kinds = (all: ReturnType<typeof buildRelationships>, from: string): string[] =>
  (all.get('app')?.get(from) ?? []).map(({ kind, to }) => `${kind} ${to.name}`).toSorted();

describe('relationships', () => {
  it('lead both ways along a key, to one where the key is unique', () => {
    const all = buildRelationships(sources({ keys: [key('a', 'b', [['b_id', 'id']]), key('c', 'b', [['id', 'id']], { unique: true })] }));
    expect(kinds(all, 'a')).toEqual(['many-to-one b']);
    expect(kinds(all, 'b')).toEqual(['one-to-many a', 'one-to-one c']);
  });

  it('lead through a table whose key is made of two', () => {
    const keys = [key('pairs', 'a', [['a_id', 'id']]), key('pairs', 'b', [['b_id', 'id']])];
    const withKey = (columns: string[]) => buildRelationships(sources({ keys, primaryKey: ({ name }) => (name === 'pairs' ? columns : []) }));
    expect(kinds(withKey(['a_id', 'b_id', 'at']), 'a')).toEqual(['many-to-many b', 'one-to-many pairs']);
    expect(kinds(withKey(['id']), 'a')).toEqual(['one-to-many pairs']);
  });

  it('lead to views that show all of a key, once for each way they show it, and to none that show a part', () => {
    const keys = [
      key('a', 'b', [
        ['x', 'p'],
        ['y', 'q'],
      ]),
    ];
    const shows = (view: string, names: [string, string][]) => ({
      view: table(view),
      columns: names.map(([name, column]) => ({ name, of: table('a'), column })),
    });
    const views = [
      shows('whole', [
        ['vx', 'x'],
        ['vy', 'y'],
        ['again', 'x'],
      ]),
      shows('part', [['vx', 'x']]),
    ];
    const all = buildRelationships(sources({ keys, views }));
    expect(kinds(all, 'b')).toEqual(['one-to-many a', 'one-to-many whole', 'one-to-many whole']);
    expect(all.get('app')?.get('whole')).toMatchObject([
      {
        columns: [
          ['vx', 'p'],
          ['vy', 'q'],
        ],
        fromView: true,
        toView: false,
      },
      {
        columns: [
          ['again', 'p'],
          ['vy', 'q'],
        ],
      },
    ]);
    expect(all.get('app')?.get('part')).toBeUndefined();
  });

  it('stay within what is exposed, junctions too, and give way to functions of the same name', () => {
    const hidden = [key('pairs', 'a', [['a_id', 'id']]), key('pairs', 'b', [['b_id', 'id']])].map((one) => ({ ...one, from: table('pairs', 'private') }));
    expect([...buildRelationships(sources({ keys: hidden, primaryKey: () => ['a_id', 'b_id'] })).keys()]).toEqual([]);
    const computed = [{ kind: 'computed' as const, name: 'b', sql: '"app"."b"', from: table('a'), to: table('c'), toOne: true }];
    expect(kinds(buildRelationships(sources({ keys: [key('a', 'b', [['b_id', 'id']])], computed })), 'a')).toEqual(['computed c']);
  });
});
