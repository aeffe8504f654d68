import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backfillSlots, dueSlots } from './due.ts';
import { OVERLAP, OVERLAP_POLICIES } from './overlap.ts';
import { slotsBetween } from './slots.ts';

const HOUR = 3_600_000;
const schedule = { cron: '0 * * * *', timeZone: 'Europe/Berlin' };
const t = (time: string): number => Date.parse(`2026-10-25T${time}Z`);

describe('due slots', () => {
  it('are those since the last done one', () => {
    expect(dueSlots({ schedule, lastDone: t('01:00'), now: t('03:10'), catchUpWindow: 24 * HOUR })).toEqual({ due: [t('02:00'), t('03:00')], missed: null });
    expect(dueSlots({ schedule, lastDone: t('03:00'), now: t('03:10'), catchUpWindow: 24 * HOUR })).toEqual({ due: [], missed: null });
  });

  it('older than the catch-up window are missed, and told of', () => {
    const due = dueSlots({ schedule, lastDone: t('01:00'), now: t('06:10'), catchUpWindow: 2 * HOUR });
    expect(due).toEqual({ due: [t('05:00'), t('06:00')], missed: { after: t('01:00'), until: t('04:10') } });
    expect(dueSlots({ schedule, lastDone: t('04:05'), now: t('06:10'), catchUpWindow: 2 * HOUR }).missed).toBeNull();
  });

  it('after years of standing still are found at once', () => {
    const everyMinute = { cron: '* * * * *', timeZone: 'UTC' };
    const { due, missed } = dueSlots({ schedule: everyMinute, lastDone: 0, now: t('06:00'), catchUpWindow: HOUR });
    expect(due).toHaveLength(60);
    expect(missed).toEqual({ after: 0, until: t('05:00') });
  });

  it('come once each, however the clock jumps between looks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -300, max: 500 }), { minLength: 1, maxLength: 30 }), (jumps) => {
        const start = t('00:30') - 12 * HOUR;
        let [now, lastDone, newest] = [start, start, start];
        const ran: number[] = [];
        for (const jump of jumps) {
          now += jump * 60_000;
          newest = Math.max(newest, now);
          const { due } = dueSlots({ schedule, lastDone, now, catchUpWindow: 10 ** 12 });
          ran.push(...due);
          lastDone = due.at(-1) ?? lastDone;
        }
        expect(ran).toEqual(slotsBetween(schedule, start, newest));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a backfill', () => {
  it('has the slots of its stretch, both ends included, without the done ones', () => {
    expect(backfillSlots(schedule, t('01:00'), t('04:00'), new Set([t('02:00')]))).toEqual([t('01:00'), t('03:00'), t('04:00')]);
  });
});

describe('an overlap', () => {
  it('is decided for every policy and state, and an idle flow always starts', () => {
    expect(Object.keys(OVERLAP).sort()).toEqual([...OVERLAP_POLICIES].sort());
    for (const policy of OVERLAP_POLICIES) expect(OVERLAP[policy].idle).toBe('start');
    expect(OVERLAP).toEqual({
      skip: { idle: 'start', running: 'skip', waiting: 'skip' },
      queue: { idle: 'start', running: 'wait', waiting: 'replace-waiting' },
      cancel: { idle: 'start', running: 'cancel-running', waiting: 'replace-waiting' },
    });
  });
});
