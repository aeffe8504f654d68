import { describe, expect, it } from '@jest/globals';
import { toLsn } from '#libs/pgoutput/lsn';
import { LagClock } from './lag-clock.ts';

const at = (position: number) => toLsn(BigInt(position));

describe('the lag in seconds', () => {
  it('is 0 while everything is confirmed, however old', () => {
    const clock = new LagClock();
    clock.observe(at(10), 0);
    expect(clock.behind(at(10), 60_000)).toBe(0);
  });

  it('counts from when the log first went beyond what is confirmed', () => {
    const clock = new LagClock();
    for (const [end, time] of [
      [10, 0],
      [20, 1_000],
      [20, 2_000],
      [30, 3_000],
    ] as const)
      clock.observe(at(end), time);
    expect(clock.behind(at(10), 5_000)).toBe(4);
    expect(clock.behind(at(20), 5_000)).toBe(2);
    expect(clock.behind(at(30), 5_000)).toBe(0);
  });

  it('stays right within a sample over any length of time, in bounded memory', () => {
    const clock = new LagClock();
    for (let second = 1; second <= 100_000; second += 1) clock.observe(at(second), second * 1_000);
    expect(clock.behind(at(0), 100_000_000)).toBeGreaterThan(99_000);
    expect(clock.behind(at(50_000), 100_000_000)).toBeGreaterThan(49_000);
    expect(clock.behind(at(50_000), 100_000_000)).toBeLessThanOrEqual(50_000);
    expect(clock.behind(at(99_000), 100_000_000)).toBeLessThanOrEqual(1_000);
  });

  it('starts anew with a log that is shorter', () => {
    const clock = new LagClock();
    clock.observe(at(1_000), 0);
    clock.observe(at(10), 5_000);
    expect(clock.behind(at(5), 6_000)).toBe(1);
  });
});
