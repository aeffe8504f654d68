import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parkedMarker } from '#contracts/topics/parked';
import { toLsn, ZERO_LSN } from '#libs/pgoutput/lsn';
import type { Message, RelationMessage } from '#libs/pgoutput/message';
import { Tuple, VALUE } from '#libs/pgoutput/tuple';
import type { ChangeRecord } from './change-record.ts';
import type { Position } from './position.ts';
import { relationOf } from './relation.ts';
import { SchemaLog } from './schema-log.ts';
import { Windows } from './windows.ts';
import { TransactionAssembler } from './transaction-assembler.ts';

const description: RelationMessage = {
  type: 'relation',
  streamXid: null,
  oid: 1,
  schema: 'public',
  name: 't',
  replicaIdentity: 'default',
  columns: [{ name: 'id', key: true, typeOid: 25, typeModifier: -1 }],
};
const facts = { topic: 'p.public.t', types: () => undefined, description: { columns: [], key: ['id'] } };
const relations = new Map([
  [1, relationOf(description, { ...facts, published: true })],
  [2, relationOf({ ...description, oid: 2, name: 'hidden' }, { ...facts, published: false })],
]);
const START: Position = { end: ZERO_LSN, lastCommit: null, open: null };

function assembler(from: Position): TransactionAssembler {
  const envelope = { version: '1', topicPrefix: 'p', database: 'd' };
  return new TransactionAssembler({
    systemId: '1',
    timeline: 1,
    envelope,
    contextPrefix: 'ctx',
    deadLetterTopic: 'p.__dlq',
    from,
    windows: new Windows(),
    relations,
    schemas: new SchemaLog(),
    schemaTopic: 'p.__schema',
    slot: 's',
    now: () => 0,
  });
}

const row = (text: string): Tuple => {
  const bytes = Buffer.from(text);
  return new Tuple(bytes, 1, Int32Array.of(VALUE.text, 0, bytes.length), 0);
};
const change: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('insert' as const), streamXid: fc.constant(null), relationOid: fc.constantFrom(1, 2), new: fc.string().map(row) }),
  fc.record({
    type: fc.constant('update' as const),
    streamXid: fc.constant(null),
    relationOid: fc.constantFrom(1, 2),
    old: fc.option(fc.record({ kind: fc.constant('key' as const), tuple: fc.string().map(row) })),
    new: fc.string().map(row),
  }),
  fc.record({
    type: fc.constant('delete' as const),
    streamXid: fc.constant(null),
    relationOid: fc.constantFrom(1, 2),
    old: fc.record({ kind: fc.constant('key' as const), tuple: fc.string().map(row) }),
  }),
  fc.constant<Message>({ type: 'truncate', streamXid: null, cascade: false, restartIdentity: false, relationOids: [1, 2, 1] }),
  fc.string().map<Message>((actor) => ({
    type: 'message',
    streamXid: null,
    transactional: true,
    lsn: ZERO_LSN,
    prefix: 'ctx',
    content: Buffer.from(JSON.stringify({ actor })),
  })),
);

/** Transactions one after the other, as the server sends them: the n-th commits at 100·n and ends 10 later. */
const history = fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 6 }).map((transactions) =>
  transactions.flatMap((changes, index): Message[] => {
    const commitLsn = toLsn(BigInt(100 * (index + 1)));
    const begin: Message = { type: 'begin', commitLsn, commitTime: 0n, xid: index };
    return [begin, ...changes, { type: 'commit', flags: 0, commitLsn, endLsn: toLsn(commitLsn + 10n), commitTime: 0n }];
  }),
);

function feed(target: TransactionAssembler, messages: readonly Message[]): ChangeRecord[] {
  const out: ChangeRecord[] = [];
  for (const message of messages) target.accept(message, toLsn(1n), out);
  return out;
}
const plain = (records: readonly ChangeRecord[]): unknown[] =>
  records.map(({ topic, key, value, headers }) => [topic, key?.toString(), value?.toString().replaceAll(/"sequence":"\[.*?\]"/g, ''), headers]);

describe('the assembler', () => {
  it('goes on after any cut with exactly the records that were missing, ids and all', () => {
    fc.assert(
      fc.property(history, fc.nat(), (messages, at) => {
        const cut = messages.length === 0 ? 0 : at % (messages.length + 1);
        const whole = plain(feed(assembler(START), messages));
        const first = assembler(START);
        const before = plain(feed(first, messages.slice(0, cut)));
        // A new session sees everything again: the server may send what is out already.
        const after = plain(feed(assembler(first.position), messages));
        expect([...before, ...after]).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  it('gives every event an id of its own, a tombstone that of its delete', () => {
    fc.assert(
      fc.property(history, (messages) => {
        const ids = feed(assembler(START), messages)
          .filter((record) => record.value !== null)
          .map((record) => record.headers['id']);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  it('names the end of the transaction before in the sequence, whatever idle position came after', () => {
    const target = assembler(START);
    const insert: Message = { type: 'insert', streamXid: null, relationOid: 1, new: row('1') };
    const sequences = [100n, 200n].map((commitLsn) => {
      const begin: Message = { type: 'begin', commitLsn: toLsn(commitLsn), commitTime: 0n, xid: 1 };
      const commit: Message = { type: 'commit', flags: 0, commitLsn: toLsn(commitLsn), endLsn: toLsn(commitLsn + 10n), commitTime: 0n };
      const [record] = feed(target, [begin, insert, commit]);
      target.advance(toLsn(commitLsn + 50n));
      return (JSON.parse(record?.value?.toString() ?? '') as { source: { sequence: string } }).source.sequence;
    });
    expect(sequences).toEqual(['[null,"1"]', '["110","1"]']);
  });

  it('lets idle positions pass only between transactions, and never back', () => {
    const target = assembler(START);
    target.advance(toLsn(50n));
    expect(target.position.end).toBe(50n);
    target.accept({ type: 'begin', commitLsn: toLsn(100n), commitTime: 0n, xid: 1 }, toLsn(90n), []);
    target.advance(toLsn(200n));
    expect(target.position.end).toBe(50n);
    target.accept({ type: 'commit', flags: 0, commitLsn: toLsn(100n), endLsn: toLsn(110n), commitTime: 0n }, toLsn(100n), []);
    target.advance(toLsn(105n));
    expect(target.position).toEqual({ end: 110n, lastCommit: 110n, open: null });
  });

  const began: Message = { type: 'begin', commitLsn: toLsn(100n), commitTime: 0n, xid: 1 };
  const insert = (text: string): Message => ({ type: 'insert', streamXid: null, relationOid: 1, new: row(text) });

  it('parks a row that could not be read whole, under the ordinal that it has, and goes on', () => {
    const target = assembler(START);
    const out: ChangeRecord[] = [];
    target.accept(began, toLsn(90n), out);
    target.accept(insert('a'), toLsn(91n), out);
    target.accept(insert('b'), toLsn(92n), out, { bytes: 99_999, left: { old: 0, new: 1 } });
    target.accept(insert('c'), toLsn(93n), out);
    expect(out.map(({ topic, key, headers }) => [topic, key?.toString(), headers['id']?.split(':')[3], headers['parked']])).toEqual([
      ['p.public.t', '{"id":"a"}', '0', undefined],
      ['p.__dlq', '{"id":"b"}', '1', undefined],
      ['p.public.t', '{"id":"b"}', '1', 'row-too-large'],
      ['p.public.t', '{"id":"c"}', '2', undefined],
    ]);
    expect(parkedMarker.parse(JSON.parse(out[2]?.value?.toString() ?? ''))).toMatchObject({ op: 'p', parked: { op: 'c', bytes: 99_999, topic: 'p.__dlq' } });
  });

  it('publishes a change whose new row is whole, whatever was left out of the old one', () => {
    const out: ChangeRecord[] = [];
    const target = assembler(START);
    target.accept(began, toLsn(90n), out);
    target.accept(insert('a'), toLsn(91n), out, { bytes: 99_999, left: { old: 1, new: 0 } });
    expect(out.map(({ topic }) => topic)).toEqual(['p.public.t']);
  });

  it('parks both keys of a row that moved, and a row that can not be written', () => {
    const broken = relationOf({ ...description, oid: 3 }, { ...facts, published: true });
    broken.columns.forEach((column) => {
      const { write } = column;
      column.write = (out, bytes, start, end) => {
        if (bytes.toString('utf8', start, end) === 'poison') throw new RangeError('Invalid string length');
        write(out, bytes, start, end);
      };
    });
    const envelope = { version: '1', topicPrefix: 'p', database: 'd' };
    const target = new TransactionAssembler({
      systemId: '1',
      timeline: 1,
      envelope,
      contextPrefix: 'ctx',
      deadLetterTopic: 'p.__dlq',
      from: START,
      windows: new Windows(),
      relations: new Map([[3, broken]]),
      schemas: new SchemaLog(),
      schemaTopic: 'p.__schema',
      slot: 's',
      now: () => 0,
    });
    const out: ChangeRecord[] = [];
    target.accept(began, toLsn(90n), out);
    const moved: Message = { type: 'update', streamXid: null, relationOid: 3, old: { kind: 'key', tuple: row('a') }, new: row('poison') };
    target.accept(moved, toLsn(91n), out);
    target.accept({ type: 'insert', streamXid: null, relationOid: 3, new: row('c') }, toLsn(92n), out);
    expect(out.map(({ topic, key, headers }) => [topic, key?.toString(), headers['id']?.split(':')[3], headers['parked']])).toEqual([
      ['p.__dlq', '{"id":"a"}', '0', undefined],
      ['p.public.t', '{"id":"a"}', '0', 'unencodable'],
      ['p.__dlq', undefined, '1', undefined],
      ['p.public.t', undefined, '1', 'unencodable'],
      ['p.public.t', '{"id":"c"}', '2', undefined],
    ]);
  });

  it.each<[string, Message[]]>([
    ['a change outside a transaction', [{ type: 'insert', streamXid: null, relationOid: 1, new: row('1') }]],
    ['a commit without its begin', [{ type: 'commit', flags: 0, commitLsn: ZERO_LSN, endLsn: ZERO_LSN, commitTime: 0n }]],
    [
      'a change of an unknown relation',
      [
        { type: 'begin', commitLsn: toLsn(1n), commitTime: 0n, xid: 1 },
        { type: 'insert', streamXid: null, relationOid: 9, new: row('1') },
      ],
    ],
    [
      'a row of another width',
      [
        { type: 'begin', commitLsn: toLsn(1n), commitTime: 0n, xid: 1 },
        { type: 'insert', streamXid: null, relationOid: 1, new: new Tuple(Buffer.alloc(0), 0, new Int32Array(), 0) },
      ],
    ],
  ])('stops at %s', (_title, messages) => {
    expect(() => feed(assembler(START), messages)).toThrow(expect.objectContaining({ kind: 'protocol-violation' }));
  });
});
