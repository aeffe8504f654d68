import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decode } from './decode.ts';
import { PgoutputDecoder } from './decoder.ts';
import { encode, plain as plainly, tupleOf } from './encode.fixture.ts';
import type { Message } from './message.ts';
import { toLsn, type Lsn } from './lsn.ts';
import { PgoutputError } from './pgoutput-error.ts';
import type { TupleValue } from './tuple.ts';

const uint32 = fc.nat({ max: 0xffff_ffff });
const lsn = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map((value) => toLsn(value));
const time = fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n });
const name = fc.string({ unit: 'grapheme', maxLength: 63 }).filter((text) => !text.includes('\0'));
const bytes = fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array));
const value: fc.Arbitrary<TupleValue> = fc.oneof(
  fc.constant({ kind: 'null' as const }),
  fc.constant({ kind: 'unchanged' as const }),
  fc.record({ kind: fc.constantFrom('text' as const, 'binary' as const), bytes }),
);
const tuple = fc.array(value, { maxLength: 12 }).map(tupleOf);
const old = fc.record({ kind: fc.constantFrom('key' as const, 'full' as const), tuple });
const column = fc.record({ key: fc.boolean(), name, typeOid: uint32, typeModifier: fc.integer() });
const identity = fc.constantFrom('default' as const, 'nothing' as const, 'full' as const, 'index' as const);

/** Messages that carry a transaction id inside a stream. */
function prefixed(streamXid: fc.Arbitrary<number | null>): fc.Arbitrary<Message> {
  return fc.oneof(
    fc.record({
      type: fc.constant('relation' as const),
      streamXid,
      oid: uint32,
      schema: name,
      name,
      replicaIdentity: identity,
      columns: fc.array(column, { maxLength: 10 }),
    }),
    fc.record({ type: fc.constant('type' as const), streamXid, oid: uint32, schema: name, name }),
    fc.record({ type: fc.constant('insert' as const), streamXid, relationOid: uint32, new: tuple }),
    fc.record({ type: fc.constant('update' as const), streamXid, relationOid: uint32, old: fc.option(old), new: tuple }),
    fc.record({ type: fc.constant('delete' as const), streamXid, relationOid: uint32, old }),
    fc.record({
      type: fc.constant('truncate' as const),
      streamXid,
      cascade: fc.boolean(),
      restartIdentity: fc.boolean(),
      relationOids: fc.array(uint32, { maxLength: 10 }),
    }),
    fc.record({ type: fc.constant('message' as const), streamXid, transactional: fc.boolean(), lsn, prefix: name, content: bytes }),
  );
}
const plain: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('begin' as const), commitLsn: lsn, commitTime: time, xid: uint32 }),
  fc.record({ type: fc.constant('commit' as const), flags: fc.nat({ max: 255 }), commitLsn: lsn, endLsn: lsn, commitTime: time }),
  fc.record({ type: fc.constant('origin' as const), commitLsn: lsn, name }),
  fc.record({ type: fc.constant('stream-start' as const), xid: uint32, first: fc.boolean() }),
  fc.record({ type: fc.constant('stream-stop' as const) }),
  fc.record({ type: fc.constant('stream-commit' as const), xid: uint32, flags: fc.nat({ max: 255 }), commitLsn: lsn, endLsn: lsn, commitTime: time }),
  fc.record({ type: fc.constant('stream-abort' as const), xid: uint32, subXid: uint32 }),
  prefixed(fc.constant(null)),
);

describe('decode', () => {
  it('reads back every message that a server can write', () => {
    fc.assert(
      fc.property(plain, (message) => expect(plainly(decode(encode(message)))).toEqual(plainly(message))),
      { numRuns: 2_000 },
    );
  });

  it('reads the transaction id of messages inside a stream', () => {
    fc.assert(
      fc.property(prefixed(uint32), (message) => expect(plainly(decode(encode(message), { inStream: true }))).toEqual(plainly(message))),
      { numRuns: 1_000 },
    );
  });

  it('throws nothing but a PgoutputError on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (array, inStream) => onlyPgoutputErrors(Buffer.from(array), inStream)),
      { numRuns: 20_000 },
    );
  });

  it('throws nothing but a PgoutputError on a message with bytes changed, cut off or added', () => {
    const mutation = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }), cut: fc.nat({ max: 40 }), tail: fc.uint8Array({ maxLength: 4 }) });
    fc.assert(
      fc.property(plain, mutation, fc.boolean(), (message, { at, byte, cut, tail }, inStream) => {
        const whole = encode(message);
        whole[at % whole.length] = byte;
        onlyPgoutputErrors(Buffer.concat([whole.subarray(0, whole.length - (cut % whole.length)), tail]), inStream);
      }),
      { numRuns: 10_000 },
    );
  });

  it('refuses every proper prefix of a message, naming tag and offset', () => {
    const whole = encode({ type: 'insert', streamXid: null, relationOid: 7, new: tupleOf([{ kind: 'text', bytes: Buffer.from('abc') }, { kind: 'null' }]) });
    for (let length = 1; length < whole.length; length += 1) {
      const failure = failureOf(whole.subarray(0, length));
      expect(failure).toMatchObject({ tag: 'I' });
      expect(failure.offset).toBeLessThanOrEqual(length);
    }
  });

  it.each([
    ['an empty message', Buffer.alloc(0), '', 0],
    ['an unknown tag', Buffer.from('Z'), 'Z', 0],
    ['bytes after the end', Buffer.from('E!'), 'E', 1],
    ['a length below zero', Buffer.from([0x49, 0, 0, 0, 1, 0x4e, 0, 1, 0x74, 0xff, 0xff, 0xff, 0xff]), 'I', 13],
    ['a count that no message could hold', Buffer.from([0x54, 0xff, 0xff, 0xff, 0xff, 0]), 'T', 6],
    ['an unknown kind of value', Buffer.from([0x49, 0, 0, 0, 1, 0x4e, 0, 1, 0x7a]), 'I', 9],
  ])('names the tag and offset of %s', (_title, input, tag, offset) => {
    expect(failureOf(input)).toMatchObject({ tag, offset });
  });

  it('survives a decoder that sees stream segments', () => {
    const decoder = new PgoutputDecoder();
    const inside: Message = { type: 'insert', streamXid: 9, relationOid: 1, new: tupleOf([]) };
    const outside: Message = { ...inside, streamXid: null };
    const sequence: Message[] = [{ type: 'stream-start', xid: 9, first: true }, inside, { type: 'stream-stop' }, outside];
    expect(sequence.map((message) => plainly(decoder.decode(encode(message))))).toEqual(sequence.map(plainly));
  });
});

describe('Lsn bounds in a message', () => {
  it('keeps positions above 2^63', () => {
    const message: Message = { type: 'origin', commitLsn: 0xffff_ffff_ffff_ffffn as Lsn, name: '' };
    expect(decode(encode(message))).toEqual(message);
  });
});

function onlyPgoutputErrors(input: Buffer, inStream: boolean): void {
  try {
    decode(input, { inStream });
  } catch (error) {
    expect(error).toBeInstanceOf(PgoutputError);
    expect((error as PgoutputError).offset).toBeLessThanOrEqual(input.length);
  }
}

function failureOf(input: Buffer): PgoutputError {
  try {
    decode(input);
  } catch (error) {
    if (error instanceof PgoutputError) return error;
  }
  throw new Error('expected a PgoutputError');
}
