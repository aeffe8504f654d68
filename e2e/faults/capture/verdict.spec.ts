import { describe, expect, it } from '@jest/globals';
import { judge } from './verdict.ts';

const entries = (...pairs: readonly [number, number][]) => pairs.map(([key, seq]) => ({ key, seq }));

describe('the verdict of the fault suite', () => {
  it('finds what was lost, doubled, and out of order', () => {
    const journal = entries([1, 1], [1, 2], [2, 1], [1, 3]);
    expect(judge(journal, journal)).toEqual({ acknowledged: 4, delivered: 4, lost: 0, duplicated: 0, outOfOrder: 0 });
    expect(judge(journal, entries([1, 1], [1, 2], [1, 3]))).toMatchObject({ lost: 1 });
    expect(judge(journal, entries([1, 1], [1, 2], [1, 1], [1, 2], [2, 1], [1, 3]))).toMatchObject({ lost: 0, duplicated: 2, outOfOrder: 0 });
    expect(judge(journal, entries([1, 1], [1, 3], [1, 2], [2, 1]))).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 1 });
  });
});
