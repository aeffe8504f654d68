import { describe, expect, it } from '@jest/globals';
import { phaseInWords, restInWords } from './progress-words.ts';

describe('the progress of an edit in words', () => {
  it('counts rows and time while it copies, and says what else it is at', () => {
    const copying = { phase: 'copy', rows: 310, total: 999, percent: 31 } as const;
    expect(phaseInWords(copying)).toBe('310 of about 999 rows copied');
    expect(restInWords({ ...copying, secondsLeft: null })).toBe('31 %');
    expect(restInWords({ ...copying, secondsLeft: 42 })).toBe('31 %, about 42 s left');
    expect(restInWords({ ...copying, secondsLeft: 130 })).toBe('31 %, about 2 min left');
    expect(phaseInWords({ ...copying, phase: 'index' })).toBe('Building indexes');
    expect(restInWords({ ...copying, phase: 'index', secondsLeft: null })).toBe('');
  });
});
