import { describe, expect, it } from '@jest/globals';
import { childOf, newTraceparent } from './telemetry.ts';

describe('traceparent', () => {
  it('of a child keeps the trace and has a span of its own', () => {
    const parent = newTraceparent();
    const child = childOf(parent);
    expect(child.slice(0, 35)).toBe(parent.slice(0, 35));
    expect(child).not.toBe(parent);
  });

  it.each([undefined, '', 'nonsense', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`, `00-${'a'.repeat(32)}-${'0'.repeat(16)}-01`])(
    '%s starts a new trace',
    (parent) => {
      expect(childOf(parent)).toMatch(/^00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    },
  );
});
