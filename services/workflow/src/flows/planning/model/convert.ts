import { divideRounded, fits, parseExact, SCALE, type Amount, type Exact } from './amount.ts';
import { MONEY, type AssumptionRow } from './inputs.ts';
import type { Premise } from './plan.ts';
import { poison, quoted } from './poison.ts';
import type { Reference } from './reference.ts';

/** Where an amount comes from, for messages. The key is made only when one is needed. */
export interface Origin {
  table: string;
  key: () => string;
}

/** One of a unit is `numerator / denominator` of its dimension's base unit (of the reporting currency, for money). */
interface Ratio {
  dimension: string;
  numerator: bigint;
  denominator: bigint;
}

const POWERS = Array.from({ length: 201 }, (_, power) => 10n ** BigInt(power));
const MOST_PLACES = 60;
const MOST_DIGITS = POWERS[38 + MOST_PLACES] as bigint;

/** Conversions of one period. Exact but for one rounding to the plan's scale, half to even, for each amount read; remembers which rates and factors it used. */
export class Conversion {
  readonly #reference: Reference;
  readonly #period: string;
  readonly #ratios = new Map<string, Ratio>();
  readonly premises: Premise[] = [];

  constructor(reference: Reference, period: string) {
    this.#reference = reference;
    this.#period = period;
  }

  /** An amount's text in `unit`, in the base unit of `dimension`. */
  toBase(text: string, unit: string | null, dimension: string, origin: Origin): Amount {
    const amount = readAmount(text, 'amount', origin);
    if (unit === null) throw poison(origin.table, origin.key(), 'unit', 'is missing');
    const ratio = this.#ratios.get(unit) ?? this.#ratio(unit, origin);
    if (ratio.dimension !== dimension) {
      throw poison(origin.table, origin.key(), 'unit', `${quoted(unit)} measures ${quoted(ratio.dimension)}, not ${quoted(dimension)}`);
    }
    if (ratio.numerator === ratio.denominator) return amount;
    const converted = divideRounded(amount * ratio.numerator, ratio.denominator);
    if (!fits(converted)) throw tooLarge('amount', origin);
    return converted;
  }

  dimensionOf(unit: string, origin: Origin): string {
    return (this.#ratios.get(unit) ?? this.#ratio(unit, origin)).dimension;
  }

  /** An amount in the base unit back in `unit`: the inverse of `toBase`, to within half a millionth of either. */
  fromBase(amount: Amount, unit: string, origin: Origin): Amount {
    const { numerator, denominator } = this.#ratios.get(unit) ?? this.#ratio(unit, origin);
    return divideRounded(amount * denominator, numerator);
  }

  #ratio(unit: string, origin: Origin): Ratio {
    const row = this.#reference.units.get(unit);
    if (row === undefined) throw poison(origin.table, origin.key(), 'unit', `${quoted(unit)} is unknown`);
    const ratio = { dimension: row.dimension, ...this.#perUnit(unit, row.dimension, row.factor, origin) };
    this.#ratios.set(unit, ratio);
    return ratio;
  }

  #perUnit(unit: string, dimension: string, factor: string | null, origin: Origin): { numerator: bigint; denominator: bigint } {
    if (dimension === MONEY) return this.#rate(unit, origin);
    if (factor === null) throw poison('units', quoted(unit), 'factor', 'is missing: only a currency has none');
    if (!this.#reference.baseUnits.has(dimension)) throw poison('units', quoted(unit), 'dimension', `${quoted(dimension)} has no base unit, one with factor 1`);
    const ratio = positive(factor, () => poison('units', quoted(unit), 'factor', 'is no number above zero'));
    if (ratio.numerator !== ratio.denominator) this.premises.push({ source: 'unit', id: unit, value: factor, author: null });
    return ratio;
  }

  /** The period's rate, else the assumed one. The reporting currency's is 1, and no row may say otherwise. */
  #rate(currency: string, origin: Origin): { numerator: bigint; denominator: bigint } {
    const { rates, assumedRates, reportingCurrency } = this.#reference;
    const stated = rates.get(`${currency}|${this.#period}`);
    const assumed: AssumptionRow | undefined = stated === undefined ? assumedRates.get(currency) : undefined;
    const text = stated ?? (currency === reportingCurrency ? '1' : assumed?.value);
    const [table, key, field] =
      assumed === undefined ? ['rates', `(${quoted(currency)}, ${quoted(this.#period)})`, 'rate'] : ['assumptions', quoted(assumed.name), 'value'];
    if (text === undefined) throw poison(origin.table, origin.key(), 'unit', `${quoted(currency)} has no rate in period ${quoted(this.#period)}`);
    const ratio = positive(text, () => poison(table, key, field, 'is no number above zero'));
    if (currency === reportingCurrency) {
      if (ratio.numerator !== ratio.denominator) throw poison('rates', key, 'rate', 'of the reporting currency is not 1');
    } else this.premises.push({ source: 'rate', id: currency, value: text, author: assumed?.author ?? null });
    return ratio;
  }
}

/** Reads what must have at most the plan's six places. */
export function readAmount(text: string, field: string, origin: Origin): Amount {
  const exact = parseExact(text);
  if (exact === undefined) throw poison(origin.table, origin.key(), field, 'is no decimal number');
  if (exact.scale > SCALE) throw poison(origin.table, origin.key(), field, `has more than ${SCALE} decimal places`);
  const amount = exact.scale === SCALE ? exact.digits : exact.digits * (POWERS[SCALE - exact.scale] as bigint);
  if (!fits(amount)) throw tooLarge(field, origin);
  return amount;
}

/** `percent` % of an amount, rounded once. */
export function percentOf(amount: Amount, percent: Exact): Amount {
  return divideRounded(amount * percent.digits, 100n * (POWERS[percent.scale] as bigint));
}

export function readPercent(text: string, origin: Origin): Exact {
  const exact = parseExact(text);
  if (exact === undefined) throw poison(origin.table, origin.key(), 'amount', 'is no decimal number');
  if (exact.scale > MOST_PLACES || absolute(exact.digits) > MOST_DIGITS) throw tooLarge('amount', origin);
  return exact;
}

export function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function tooLarge(field: string, { table, key }: Origin): Error {
  return poison(table, key(), field, 'is too large: the plan holds 32 digits before the point');
}

function positive(text: string, failure: () => Error): { numerator: bigint; denominator: bigint } {
  const exact = parseExact(text);
  if (exact === undefined || exact.digits <= 0n) throw failure();
  return { numerator: exact.digits, denominator: POWERS[exact.scale] as bigint };
}
