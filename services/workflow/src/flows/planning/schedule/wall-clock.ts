import { Failure } from '#libs/failure/failure';

const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Beyond any offset a zone ever had (local mean times included). */
export const WIDEST_OFFSET = 17 * HOUR;

/**
 * One zone's clock on the wall, from the ICU data that comes with Node. A wall time is what the clock shows, as the milliseconds that time would be in UTC; it
 * stands for one instant, for two where the clock was set back, for none where it was set forward (or a day was skipped).
 */
export class WallClock {
  readonly #format: Intl.DateTimeFormat;
  /** Per wall day: the offset that holds all around it, or undefined near a change. */
  readonly #steady = new Map<number, number | undefined>();

  constructor(timeZone: string) {
    try {
      const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;
      this.#format = new Intl.DateTimeFormat('en-US', { ...fields, hourCycle: 'h23', calendar: 'gregory', timeZone });
    } catch (cause) {
      throw new Failure('invalid-input', `${JSON.stringify(timeZone)} is no IANA time zone, like Europe/Berlin`, { cause });
    }
  }

  /** What the wall shows at an instant. */
  at(instant: number): number {
    return instant + this.#offset(instant);
  }

  /** The instants at which the wall shows `wall`, in order. */
  instants(wall: number): number[] {
    const steady = this.#offsetAround(wall);
    if (steady !== undefined) return [wall - steady];
    const offsets = new Set([this.#offset(wall - WIDEST_OFFSET), this.#offset(wall + WIDEST_OFFSET)]);
    const found = [...offsets].map((offset) => wall - offset).filter((instant) => this.at(instant) === wall);
    return found.sort((left, right) => left - right);
  }

  /** The first instant at which the wall shows something later than `wall`, a time that it never shows: the end of the gap. */
  afterGap(wall: number): number {
    let [before, after] = [Math.floor((wall - WIDEST_OFFSET) / SECOND), Math.ceil((wall + WIDEST_OFFSET) / SECOND)];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (this.at(middle * SECOND) > wall) after = middle;
      else before = middle;
    }
    return after * SECOND;
  }

  #offsetAround(wall: number): number | undefined {
    const day = Math.floor(wall / DAY);
    if (this.#steady.has(day)) return this.#steady.get(day);
    const [first, last] = [this.#offset(day * DAY - WIDEST_OFFSET), this.#offset((day + 1) * DAY + WIDEST_OFFSET)];
    const steady = first === last ? first : undefined;
    this.#steady.set(day, steady);
    return steady;
  }

  #offset(instant: number): number {
    const whole = Math.floor(instant / SECOND) * SECOND;
    const part: Record<string, string> = {};
    for (const { type, value } of this.#format.formatToParts(whole)) part[type] = value;
    const number = (type: string): number => Number(part[type]);
    const wall = Date.UTC(number('year'), number('month') - 1, number('day'), number('hour'), number('minute'), number('second'));
    return wall - whole;
  }
}
