import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decode } from './decode.ts';
import { encode, plain, tupleOf } from './encode.fixture.ts';
import type { Message } from './message.ts';
import type { Tuple, TupleValue } from './tuple.ts';
import { PgoutputError } from './pgoutput-error.ts';
import { Skimmer, type Skimmed } from './skimmer.ts';
import { toLsn } from './lsn.ts';

const value: fc.Arbitrary<TupleValue> = fc.oneof(
  fc.constant({ kind: 'null' as const }),
  fc.constant({ kind: 'unchanged' as const }),
  fc.constantFrom(0, 1, 70, 4_096, 4_097, 9_000).map((length) => ({ kind: 'text' as const, bytes: Buffer.alloc(length, 'ä') })),
);
const tuple = fc.array(value, { maxLength: 6 }).map(tupleOf);
const old = fc.record({ kind: fc.constantFrom('key' as const, 'full' as const), tuple });
const common = { streamXid: fc.constant(null), relationOid: fc.nat() };
const change = fc.oneof(
  fc.record({ ...common, type: fc.constant('insert' as const), new: tuple }),
  fc.record({ ...common, type: fc.constant('update' as const), old: fc.option(old), new: tuple }),
  fc.record({ ...common, type: fc.constant('delete' as const), old }),
);
const cuts = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 8 });

function skim(bytes: Buffer, lengths: readonly number[]): Skimmed {
  const skimmer = new Skimmer();
  for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
    const end = at + (lengths[cut % lengths.length] ?? 1);
    skimmer.push(bytes.subarray(at, end));
    at = end;
  }
  return skimmer.end();
}

const isLarge = (item: TupleValue): boolean => item.kind === 'text' && item.bytes.length > 4_096;
const small = (row: Tuple): Tuple => tupleOf(row.values().map((item) => (isLarge(item) ? { kind: 'unchanged' } : item)));

describe('the skimmer', () => {
  it('leaves out large values and nothing else, however the bytes are cut', () => {
    fc.assert(
      fc.property(change, cuts, (message, lengths) => {
        const bytes = encode(message);
        const { payload, bytes: size, left } = skim(bytes, lengths);
        const expected = {
          ...message,
          ...('new' in message ? { new: small(message.new) } : {}),
          ...('old' in message && message.old ? { old: { ...message.old, tuple: small(message.old.tuple) } } : {}),
        };
        expect(plain(decode(payload))).toEqual(plain(expected));
        expect(size).toBe(bytes.length);
        expect(left.new).toBe('new' in message ? message.new.values().filter(isLarge).length : 0);
        expect(left.old).toBe('old' in message ? (message.old?.tuple.values().filter(isLarge).length ?? 0) : 0);
      }),
      { numRuns: 300 },
    );
  });

  it('makes a logical message one that says nothing', () => {
    const message: Message = { type: 'message', streamXid: null, transactional: true, lsn: toLsn(7n), prefix: 'p', content: Buffer.alloc(20_000) };
    expect(decode(skim(encode(message), [999]).payload)).toEqual({ ...message, prefix: '', content: Buffer.alloc(0) });
  });

  it('throws its own error, and nothing else, on bytes that are no change', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.constantFrom('I', 'U', 'D', 'M', 'R', 'x'), cuts, (array, tag, lengths) => {
        const bytes = Buffer.concat([Buffer.from(tag), array]);
        try {
          skim(bytes, lengths);
        } catch (error) {
          expect(error).toBeInstanceOf(PgoutputError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
