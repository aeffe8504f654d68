import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BackendFramer } from './backend-framer.ts';

const message = fc.record({ code: fc.nat({ max: 255 }), body: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) });

function encode({ code, body }: { code: number; body: Buffer }): Buffer {
  const header = Buffer.alloc(5);
  header[0] = code;
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

describe('the framer', () => {
  it('finds the same messages however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (messages, cuts) => {
        const bytes = Buffer.concat(messages.map(encode));
        const framer = new BackendFramer();
        const found: { code: number; body: Buffer }[] = [];
        for (let offset = 0, cut = 0; offset < bytes.length; cut += 1) {
          const end = offset + (cuts[cut % cuts.length] as number);
          framer.push(bytes.subarray(offset, end), (code, buffer, from, to) => found.push({ code, body: buffer.subarray(from, to) }));
          offset = end;
        }
        expect(found.map(({ code, body }) => [code, body.toString('hex')])).toEqual(messages.map(({ code, body }) => [code, body.toString('hex')]));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([1, 2, 3, 4, 5, 6, 26, 777])('leaves the large values of a change over its limit out while it passes in pieces of %d bytes', (piece) => {
    const row = Buffer.concat([Buffer.from('I\0\0\0\x07N\0\x02t\0\0\0\x01kt\0\x0f\x42\x40'), Buffer.alloc(1_000_000, 'x')]);
    const opening = Buffer.concat([Buffer.from('w'), Buffer.alloc(24, 1)]);
    const bytes = Buffer.concat(
      [
        { code: 0x64, body: Buffer.concat([opening, row]) },
        { code: 0x64, body: Buffer.from('next') },
      ].map(encode),
    );
    const framer = new BackendFramer(10_000);
    const found: unknown[] = [];
    for (let at = 0; at < bytes.length; at += piece)
      framer.push(bytes.subarray(at, at + piece), (code, buffer, from, to, skipped) => found.push([code, buffer.subarray(from, to), skipped]));
    const left = Buffer.concat([opening, Buffer.from('I\0\0\0\x07N\0\x02t\0\0\0\x01ku')]);
    expect(found).toEqual([
      [0x64, left, { bytes: row.length, left: { old: 0, new: 1 } }],
      [0x64, Buffer.from('next'), undefined],
    ]);
  });

  it('refuses a message over its limit that is no change', () => {
    const bytes = encode({ code: 0x64, body: Buffer.alloc(20_000, 'w') });
    expect(() => new BackendFramer(10_000).push(bytes, () => undefined)).toThrow(expect.objectContaining({ kind: 'protocol-violation' }));
  });

  it.each([0, 3, 0xffff_ffff])('refuses an announced length of %d', (length) => {
    const bytes = Buffer.alloc(5);
    bytes.writeUInt32BE(length, 1);
    expect(() => new BackendFramer().push(bytes, () => undefined)).toThrow(expect.objectContaining({ kind: 'protocol-violation' }));
  });
});
