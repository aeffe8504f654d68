import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonBytes } from './json-bytes.ts';

/** Most are small; some fill a slab, some are larger than one. */
const piece = fc.record({
  length: fc.oneof({ weight: 8, arbitrary: fc.nat(12_000) }, fc.nat(70_000)),
  release: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.nat(10)),
});

it('writes over nothing that was taken and not released', () => {
  fc.assert(
    fc.property(fc.array(piece, { minLength: 20, maxLength: 300 }), (pieces) => {
      const out = new JsonBytes();
      const taken: { bytes: Buffer; copy: Buffer }[] = [];
      pieces.forEach(({ length, release }, index) => {
        // What fails half-way, and what is read as a string, leaves no trace.
        out.raw(Buffer.alloc(length, 'd'));
        if (index % 2 === 0) out.drop();
        else expect(out.text()).toHaveLength(length);
        for (let written = 0; written < length; written += 100) out.raw(Buffer.alloc(Math.min(100, length - written), 97 + (index % 26)));
        const bytes = out.take();
        expect(bytes).toHaveLength(length);
        taken.push({ bytes, copy: Buffer.from(bytes) });
        const [released] = taken.splice(0, Math.min(release, taken.length)).slice(-1);
        if (released) out.release(released.bytes);
        for (const { bytes: kept, copy } of taken) expect(kept.equals(copy)).toBe(true);
      });
    }),
    { numRuns: 60 },
  );
});

it('writes the same room again once it was released', () => {
  const out = new JsonBytes();
  const rooms = new Set<ArrayBufferLike>();
  const waiting: Buffer[] = [];
  for (let index = 0; index < 4_000; index += 1) {
    out.raw(Buffer.alloc(1_000, 'x'));
    waiting.push(out.take());
    rooms.add((waiting.at(-1) as Buffer).buffer);
    if (waiting.length === 200) out.release(waiting.splice(0).at(-1) as Buffer);
  }
  expect(rooms.size).toBeLessThan(10);
});

it('knows a piece of somebody else’s', () => {
  const out = new JsonBytes();
  out.byte(0x31);
  expect(out.release(Buffer.from('1'))).toBe(false);
  expect(out.release(out.take())).toBe(true);
});
