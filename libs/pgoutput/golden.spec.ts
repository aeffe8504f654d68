import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decode } from './decode.ts';
import { PgoutputDecoder } from './decoder.ts';
import { encode } from './encode.fixture.ts';
import { PgoutputError } from './pgoutput-error.ts';

/** Recorded from a real server by libs/postgres/replication/golden.pg.spec.ts. */
const recorded = ['pgoutput-v1', 'pgoutput-v2'].map((name) => ({
  name,
  messages: (JSON.parse(readFileSync(`contracts/golden/${name}.json`, 'utf8')) as { messages: string[] }).messages.map((hex) => Buffer.from(hex, 'hex')),
}));

describe.each(recorded)('bytes recorded from a server ($name)', ({ messages }) => {
  it('decode, and encode to the same bytes', () => {
    const decoder = new PgoutputDecoder();
    for (const bytes of messages) expect(encode(decoder.decode(bytes)).toString('hex')).toBe(bytes.toString('hex'));
  });

  it('never make the decoder throw anything but a PgoutputError once they are damaged', () => {
    const damage = fc.record({ which: fc.nat(), at: fc.nat(), xor: fc.integer({ min: 1, max: 255 }), keep: fc.nat({ max: 4_096 }) });
    fc.assert(
      fc.property(damage, fc.boolean(), ({ which, at, xor, keep }, inStream) => {
        const bytes = Buffer.from((messages[which % messages.length] as Buffer).subarray(0, Math.max(1, keep)));
        const place = at % bytes.length;
        bytes[place] = (bytes[place] as number) ^ xor;
        try {
          decode(bytes, { inStream });
        } catch (error) {
          expect(error).toBeInstanceOf(PgoutputError);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('the recording', () => {
  it('holds every message of its protocol version', () => {
    const [first, second] = recorded.map(({ messages }) => new Set(messages.map((bytes) => String.fromCharCode(bytes[0] as number))));
    expect([...(first as Set<string>)].toSorted().join('')).toBe('BCDIMORTUY');
    expect(['S', 'E', 'c', 'A'].every((tag) => second?.has(tag))).toBe(true);
  });
});
