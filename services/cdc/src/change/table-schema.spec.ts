import { describe, expect, it } from '@jest/globals';
import type { SchemaColumn } from '#contracts/topics/schema-change';
import type { RelationMessage } from '#libs/pgoutput/message';
import { SchemaLog } from './schema-log.ts';
import { keyNames, schemaColumns, type TableFacts, type Writing } from './table-facts.ts';
import { differences, type TableSchema } from './table-schema.ts';

const column = (name: string, attributeNumber: number | null, more: Partial<SchemaColumn> = {}): SchemaColumn => ({
  name,
  position: 1,
  attributeNumber,
  typeName: 'integer',
  typeExpression: 'integer',
  typeOid: 23,
  typeModifier: -1,
  optional: null,
  generated: false,
  ...more,
});
const table = (columns: SchemaColumn[], more: Partial<TableSchema> = {}): TableSchema => ({ oid: 1, schema: 's', table: 't', columns, key: ['id'], ...more });
const id = column('id', 1);

describe('what changed between two descriptions', () => {
  it.each<[string, SchemaColumn[], SchemaColumn[], unknown[]]>([
    ['nothing', [id, column('a', 2)], [id, column('a', null)], []],
    ['a column that was renamed', [id, column('a', 2)], [id, column('b', 2)], [{ kind: 'column-renamed', column: 'b', from: 'a' }]],
    [
      'a column that was dropped and made anew by the same name',
      [id, column('a', 2)],
      [id, column('a', 3)],
      [
        { kind: 'column-dropped', column: 'a' },
        { kind: 'column-added', column: 'a' },
      ],
    ],
    [
      'two columns that swapped their names',
      [id, column('a', 2), column('b', 3)],
      [id, column('b', 2), column('a', 3)],
      [
        { kind: 'column-renamed', column: 'b', from: 'a' },
        { kind: 'column-renamed', column: 'a', from: 'b' },
      ],
    ],
    [
      'the last column that was renamed before anybody looked: its number leaves no room for another one',
      [column('id', null), column('a', null)],
      [id, column('b', 2)],
      [{ kind: 'column-renamed', column: 'b', from: 'a' }],
    ],
    [
      'the last column that was dropped, and another one added, before anybody looked',
      [column('id', null), column('a', null)],
      [id, column('b', 3)],
      [
        { kind: 'column-dropped', column: 'a' },
        { kind: 'column-added', column: 'b' },
      ],
    ],
    [
      'another modifier of a type',
      [id, column('a', 2, { typeModifier: 7, typeExpression: 'x(3)' })],
      [id, column('a', 2, { typeModifier: 9, typeExpression: 'x(5)' })],
      [{ kind: 'column-retyped', column: 'a', from: 'x(3)', to: 'x(5)' }],
    ],
    ['whether it may be NULL, once it is known', [id, column('a', 2)], [id, column('a', 2, { optional: true })], []],
  ])('%s', (_title, before, after, expected) => {
    expect(differences(table(before), table(after))).toEqual(expected);
  });
});

describe('the log of schemas', () => {
  const at = (commitLsn: number, ordinal: number) => ({ systemId: '7', commitLsn: BigInt(commitLsn), ordinal });

  it('takes what comes at a place that was passed for a replay', () => {
    const log = new SchemaLog();
    const [older, newer] = [table([id]), table([id, column('a', 2)])];
    expect(log.describe(older, at(10, 0))).toHaveLength(1);
    expect(log.describe(newer, at(20, 3))).toHaveLength(1);
    expect(log.describe(older, at(20, 3))).toEqual([]);
    expect(log.describe(older, at(15, 9))).toEqual([]);
    expect(log.describe(newer, at(20, 3))).toEqual([]);
    expect(log.describe(newer, at(30, 0))).toEqual([]);
    expect(log.describe(older, at(30, 1))).toHaveLength(1);
  });

  it('drops the table that a name belonged to, and knows a table that comes back', () => {
    const log = new SchemaLog();
    log.describe(table([id]), at(1, 0));
    expect(log.describe(table([id], { oid: 2 }), at(2, 0)).map(({ type, table: { oid } }) => [type, oid])).toEqual([
      ['DROP', 1],
      ['CREATE', 2],
    ]);
    expect(log.describe(table([id], { table: 'other' }), at(3, 0)).map(({ type }) => type)).toEqual(['CREATE']);
  });

  it('begins anew on another database cluster', () => {
    const log = new SchemaLog();
    log.describe(table([id]), at(100, 0));
    expect(log.describe(table([id, column('a', 2)]), { systemId: '8', commitLsn: 5n, ordinal: 0 })).toHaveLength(1);
  });
});

describe('a table that nobody told of, and that was changed before its rows were read', () => {
  const numbers = (names: string[], facts: [name: string, attributeNumber: number][]) => {
    const columns = facts.map(([name, attributeNumber]) => ({ name, attributeNumber, typeOid: 23, typeModifier: -1, optional: false, generated: false }));
    return schemaColumns(message(...names), { columns, key: [], keyXid: null, types: [] }, undefined).map(({ attributeNumber }) => attributeNumber);
  };

  it('has its columns by their places, unless one was dropped or left out', () => {
    const grown = numbers(
      ['id', 'a'],
      [
        ['id', 1],
        ['renamed', 2],
        ['added', 3],
      ],
    );
    expect(grown).toEqual([1, 2]);
    expect(
      numbers(
        ['id', 'a'],
        [
          ['id', 1],
          ['b', 3],
        ],
      ),
    ).toEqual([null, null]);
    expect(
      numbers(
        ['id', 'b', 'x'],
        [
          ['id', 1],
          ['a', 2],
          ['b', 3],
          ['y', 4],
        ],
      ),
    ).toEqual([null, null, null]);
    expect(
      numbers(
        ['id', 'a', 'b'],
        [
          ['id', 1],
          ['a', 2],
        ],
      ),
    ).toEqual([null, null, null]);
  });
});

const message = (...names: string[]): RelationMessage => ({
  type: 'relation',
  streamXid: null,
  oid: 1,
  schema: 's',
  name: 't',
  replicaIdentity: 'full',
  columns: names.map((name) => ({ name, key: true, typeOid: 23, typeModifier: -1 })),
});

describe('the key under REPLICA IDENTITY FULL', () => {
  const now = (names: string[], key: string[], keyXid: number | null = 5): TableFacts => ({
    columns: names.map((name, index) => ({ name, attributeNumber: index + 1, typeOid: 23, typeModifier: -1, optional: false, generated: false })),
    key,
    keyXid,
    types: [],
  });
  const later: Writing = { isBefore: () => false, isFirst: true };
  const earlier: Writing = { isBefore: () => true, isFirst: true };
  const told = table([id, column('n', 2)]);

  it.each<[string, string[], TableFacts, TableSchema | undefined, Writing, string[]]>([
    ["is the catalogue's", ['n', 'id'], now(['n', 'id'], ['id']), undefined, later, ['id']],
    ['is what was told, for a row from before the key was made', ['id', 'n'], now(['id', 'n'], ['n']), told, earlier, ['id']],
    ['is what was told, for a row from before its column was renamed', ['id', 'n'], now(['code', 'n'], ['code']), told, later, ['id']],
    ['follows a column that was renamed twice', ['mid', 'n'], now(['code', 'n'], ['code']), told, later, ['mid']],
    ['is what was told, at first, for a table that has none now', ['id', 'n'], now(['id', 'n'], [], null), told, later, ['id']],
    ['is none once the server described the table again', ['id', 'n'], now(['id', 'n'], [], null), told, { ...later, isFirst: false }, []],
    ['is none where nothing fits', ['x'], now(['y'], ['y']), undefined, later, []],
  ])('%s', (_title, columns, facts, last, writing, expected) => {
    expect(keyNames(message(...columns), facts, last, writing)).toEqual(expected);
  });
});
