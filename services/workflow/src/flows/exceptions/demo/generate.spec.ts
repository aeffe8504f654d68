import { describe, expect, it } from '@jest/globals';
import { seeded } from '../../../classifier/random.ts';
import { generateHistory } from './generate.ts';

const UNTIL = Date.UTC(2026, 0, 1);
const history = (seed: number, count = 4_000) => [...generateHistory({ count, days: 90, until: UNTIL, random: seeded(seed) })];

describe('the demo history', () => {
  it('is the same for the same seed, another for another', () => {
    expect(history(1)).toEqual(history(1));
    expect(history(1)).not.toEqual(history(2));
  });

  it('lies in the ninety days, oldest first but for what repeats another', () => {
    const booked = history(1).map(({ transaction }) => Date.parse(transaction.booked_at));
    expect(Math.min(...booked)).toBeGreaterThanOrEqual(UNTIL - 90 * 86_400_000);
    expect(Math.max(...booked)).toBeLessThan(UNTIL + 86_400_000);
  });

  it('holds every class, in uneven shares', () => {
    const counts = Map.groupBy(history(1), (example) => example.class);
    expect([...counts.keys()].toSorted()).toEqual([
      'amount_mismatch',
      'duplicate',
      'missing_counterpart',
      'no_issue',
      'suspected_fraud',
      'timing',
      'wrong_currency',
    ]);
    expect(counts.get('no_issue')?.length).toBeGreaterThan(1_400);
    expect(counts.get('suspected_fraud')?.length).toBeLessThan(400);
  });

  it('is noisy: duplicates that repeat nothing exactly, currencies that differ for a reason, empty notes', () => {
    const all = history(1);
    expect(all.some(({ class: label, transaction }) => label === 'no_issue' && transaction.currency !== transaction.expected_currency)).toBe(true);
    expect(all.some(({ note }) => note === '')).toBe(true);
    expect(all.some(({ class: label, transaction }, index) => label === 'duplicate' && transaction.reference !== all[index - 1]?.transaction.reference)).toBe(
      true,
    );
  });
});
