import { describe, expect, it } from '@jest/globals';
import { isVisible } from './until-visible.ts';

describe('a transaction that has committed', () => {
  it.each([
    ['before every one that runs', '100:100:', 99, true],
    ['after the snapshot', '100:100:', 100, false],
    ['and was still running for the snapshot', '100:105:100,103', 103, false],
    ['between others that run', '100:105:100,103', 102, true],
    ['before the ids wrapped around', `${2n ** 32n + 5n}:${2n ** 32n + 5n}:`, 2 ** 32 - 1, true],
    ['after the ids wrapped around', `${2n ** 32n - 1n}:${2n ** 32n - 1n}:`, 3, false],
    ['and runs in a later round of ids', `${2n ** 33n + 7n}:${2n ** 33n + 9n}:${2n ** 33n + 7n}`, 7, false],
  ])('%s: %s, %d is visible: %s', (_title, snapshot, xid, expected) => {
    expect(isVisible(snapshot, xid)).toBe(expected);
  });
});
