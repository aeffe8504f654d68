import { readNumeral, type Style } from '../sheet/numeral.ts';
import { type Amount, amountOf } from './decimal.ts';

/** Reads an amount as people and spreadsheets of any country write it: see `readNumeral`. Undefined for anything else. */
export function readNumber(text: string, style: Style): Amount | undefined {
  return amountOf(readNumeral(text, style));
}
