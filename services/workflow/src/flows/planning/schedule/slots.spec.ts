import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assertSchedule, nextSlot, slotsBetween } from './slots.ts';

const iso = (slots: readonly number[]): string[] => slots.map((slot) => new Date(slot).toISOString().replace(':00.000Z', 'Z'));
const between = (cron: string, timeZone: string, after: string, until: string): string[] =>
  iso(slotsBetween({ cron, timeZone }, Date.parse(after), Date.parse(until)));

describe('slots', () => {
  it.each([
    ['Europe/Berlin', '2026-03-28T12:00Z', '2026-03-31T12:00Z', ['2026-03-29T01:00Z', '2026-03-30T00:30Z', '2026-03-31T00:30Z']],
    ['America/New_York', '2026-03-07T12:00Z', '2026-03-10T12:00Z', ['2026-03-08T07:00Z', '2026-03-09T06:30Z', '2026-03-10T06:30Z']],
    ['Australia/Lord_Howe', '2026-10-03T06:00Z', '2026-10-05T06:00Z', ['2026-10-03T15:30Z', '2026-10-04T15:30Z']],
  ])('of a time that does not come are at the end of the gap: 02:30 in %s', (zone, after, until, expected) => {
    expect(between('30 2 * * *', zone, after, until)).toEqual(expected);
  });

  it.each([
    ['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', '2026-10-26T12:00Z', ['2026-10-25T00:30Z', '2026-10-26T01:30Z']],
    ['30 1 * * *', 'America/New_York', '2026-10-31T12:00Z', '2026-11-02T12:00Z', ['2026-11-01T05:30Z', '2026-11-02T06:30Z']],
    ['45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T06:00Z', '2026-04-06T06:00Z', ['2026-04-04T14:45Z', '2026-04-05T15:15Z']],
  ])('of a time that comes twice are at its first pass: %s in %s', (cron, zone, after, until, expected) => {
    expect(between(cron, zone, after, until)).toEqual(expected);
  });

  it('of every hour go by real hours through both changes', () => {
    for (const [after, until] of [
      ['2026-10-24T21:59Z', '2026-10-25T03:59Z'],
      ['2026-03-28T21:59Z', '2026-03-29T03:59Z'],
    ] as const) {
      const slots = slotsBetween({ cron: '0 * * * *', timeZone: 'Europe/Berlin' }, Date.parse(after), Date.parse(until));
      expect(slots).toHaveLength(6);
      expect(new Set(slots.slice(1).map((slot, index) => slot - (slots[index] as number)))).toEqual(new Set([3_600_000]));
    }
  });

  it('of a day that was skipped are at the beginning of the next one', () => {
    expect(between('0 9 * * *', 'Pacific/Apia', '2011-12-28T20:00Z', '2011-12-31T20:00Z')).toEqual([
      '2011-12-29T19:00Z',
      '2011-12-30T10:00Z',
      '2011-12-30T19:00Z',
      '2011-12-31T19:00Z',
    ]);
  });

  it('that fall on one instant are one', () => {
    expect(between('15,30,45 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', '2026-03-29T12:00Z')).toEqual(['2026-03-29T01:00Z']);
  });

  it('may have seconds, and nicknames', () => {
    expect(slotsBetween({ cron: '*/20 * * * * *', timeZone: 'UTC' }, 0, 60_000)).toEqual([20_000, 40_000, 60_000]);
    expect(slotsBetween({ cron: '@daily', timeZone: 'Asia/Kolkata' }, 0, 86_400_000)).toEqual([18.5 * 3_600_000]);
  });

  it('are found ahead, a leap day too', () => {
    expect(iso([nextSlot({ cron: '0 12 29 2 *', timeZone: 'Europe/Berlin' }, Date.parse('2026-11-27T00:00Z')) as number])).toEqual(['2028-02-29T11:00Z']);
  });

  it.each([
    ['every day', 'UTC', /no cron pattern: it needs five fields/],
    ['61 * * * *', 'UTC', /no cron pattern/],
    ['0 0 30 2 *', 'UTC', /never comes due/],
    ['0 * * * *', 'Europe/Atlantis', /no IANA time zone/],
  ])('of %p in %s are refused', (cron, timeZone, message) => {
    expect(() => assertSchedule({ cron, timeZone }, 0)).toThrow(message);
  });
});

const MINUTE = 60_000;

/** Changes of every kind: an hour, half an hour, a whole day, south of the equator, at midnight, two months without summer time, the change of a standard time. */
const CHANGES: [string, string][] = [
  ['Europe/Berlin', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00Z'],
  ['America/New_York', '2026-03-08T07:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['Pacific/Kwajalein', '1993-08-21T12:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00Z'],
  ['Africa/Casablanca', '2026-02-15T02:00Z'],
  ['Asia/Kathmandu', '1985-12-31T18:30Z'],
  ['UTC', '2026-01-01T00:00Z'],
];

/** The wall's reading at an instant, by way of a locale that prints ISO dates: nothing of the code under test. */
function reader(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone });
  return (instant) => Date.parse(`${format.format(instant).replace(' ', 'T')}Z`);
}

/** Every minute asked one by one. */
function bruteForce({ minutes, hours }: { minutes: number[]; hours: number[] | null }, timeZone: string, after: number, until: number): number[] {
  const read = reader(timeZone);
  const known = new Map<number, number>();
  const wallAt = (instant: number): number => {
    const wall = known.get(instant) ?? read(instant);
    known.set(instant, wall);
    return wall;
  };
  const margin = 26 * 60 * MINUTE;
  const readings = new Map<number, number[]>();
  const instants: number[] = [];
  for (let instant = after - margin; instant <= until + margin; instant += MINUTE) {
    instants.push(instant);
    readings.set(wallAt(instant), [...(readings.get(wallAt(instant)) ?? []), instant]);
  }
  const found = new Set<number>();
  for (let wall = after - margin; wall <= until + margin; wall += MINUTE) {
    const time = new Date(wall);
    if (!minutes.includes(time.getUTCMinutes()) || (hours !== null && !hours.includes(time.getUTCHours()))) continue;
    const comes = readings.get(wall);
    if (hours === null) for (const instant of comes ?? []) found.add(instant);
    else if (comes !== undefined) found.add(comes[0] as number);
    else {
      const later = instants.find((instant) => wallAt(instant) > wall);
      if (later !== undefined && later > (instants[0] as number)) found.add(later);
    }
  }
  return [...found].filter((slot) => slot > after && slot <= until).sort((a, b) => a - b);
}

describe('slots around every kind of clock change', () => {
  const some = (most: number): fc.Arbitrary<number[]> => fc.uniqueArray(fc.integer({ min: 0, max: most }), { minLength: 1, maxLength: 4 });

  it('are those that asking every minute finds', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CHANGES), some(59), fc.option(some(23)), fc.integer({ min: -900, max: 0 }), ([zone, at], minutes, hours, start) => {
        const [after, until] = [Date.parse(at) + start * MINUTE, Date.parse(at) + (start + 900) * MINUTE];
        const cron = `${minutes.join(',')} ${hours === null ? '*' : hours.join(',')} * * *`;
        expect(iso(slotsBetween({ cron, timeZone: zone }, after, until))).toEqual(iso(bruteForce({ minutes, hours }, zone, after, until)));
      }),
      { numRuns: 48 },
    );
  });

  it('are the same asked for at once or piece by piece, whatever the pieces', () => {
    const patterns = fc.constantFrom('30 2 * * *', '*/15 * * * *', '0 0 * * *', '0 */2 * * *', '5 1,2,3 * * *');
    fc.assert(
      fc.property(fc.constantFrom(...CHANGES), patterns, fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 20 }), ([timeZone, at], cron, pieces) => {
        const start = Date.parse(at) - 1440 * MINUTE;
        let [from, found] = [start, [] as number[]];
        for (const piece of pieces) {
          found = [...found, ...slotsBetween({ cron, timeZone }, from, from + piece * MINUTE)];
          from += piece * MINUTE;
        }
        expect(found).toEqual(slotsBetween({ cron, timeZone }, start, from));
      }),
      { numRuns: 200 },
    );
  });
});
