/** How a spreadsheet wrote its numbers: which character begins the fraction. */
export type Style = '.' | ',';

/** Groups of three: blanks of all widths, apostrophes, and whichever of point and comma is not the decimal one. */
const BLANKS = /[\s\u00a0\u2007\u2009\u202f'’]/g;
const CURRENCY = /^(?:[A-Z]{3}|\p{Sc})|(?:[A-Z]{3}|\p{Sc})$/gu;

/**
 * Reads a number as people and spreadsheets of any country write it: `1,234.50`, `1.234,50`, `1 234,5`, `(12)`, `−3`, `€ 12`, `5%`. A percent
 * sign is dropped: whoever calls knows what kind is meant. As numeric's text, with every digit; undefined for anything else.
 */
export function readNumeral(text: string, style: Style): string | undefined {
  const cleaned = strip(text);
  if (cleaned === undefined) return undefined;
  const { digits, negative } = cleaned;
  const decimal = decimalOf(digits) ?? style;
  const group = decimal === '.' ? ',' : '.';
  if (!wellGrouped(digits, decimal, group)) return undefined;
  return `${negative ? '-' : ''}${digits.replaceAll(group, '').replace(decimal, '.')}`;
}

/** The style that all of these cells can have been written in: one telling cell decides for its neighbours. `otherwise` when none tells. */
export function styleOf(cells: Iterable<string>, otherwise: Style): Style {
  const votes: Record<Style, number> = { '.': 0, ',': 0 };
  for (const cell of cells) {
    const told = decimalOf(strip(cell)?.digits ?? '');
    if (told !== undefined) votes[told] += 1;
  }
  if (votes['.'] === votes[',']) return otherwise;
  return votes['.'] > votes[','] ? '.' : ',';
}

/** The decimal character of a language. */
export function localStyle(language?: string): Style {
  const parts = new Intl.NumberFormat(language).formatToParts(1.5);
  return parts.some(({ type, value }) => type === 'decimal' && value === ',') ? ',' : '.';
}

function strip(text: string): { digits: string; negative: boolean } | undefined {
  let rest = text.trim().replaceAll(BLANKS, '').replaceAll(/[−–]/g, '-').replace(/%$/, '');
  const bracketed = /^\((.*)\)$/.exec(rest)?.[1];
  rest = (bracketed ?? rest).replaceAll(CURRENCY, '');
  const signed = /^([+-]?)(.*?)(-?)$/.exec(rest);
  const [, before = '', middle = '', after = ''] = signed ?? [];
  const digits = middle.replaceAll(CURRENCY, '');
  if (!/^(?:\d[\d.,]*|[.,]\d+)(?:[eE][+-]?\d{1,3})?$/.test(digits) || (before !== '' && after !== '')) return undefined;
  return { digits, negative: (bracketed !== undefined) !== (before === '-' || after === '-') };
}

/** What the number itself tells: with both characters the last is the decimal one, one that is repeated groups, and only `1,234` is open. */
function decimalOf(digits: string): Style | undefined {
  const points = digits.split('.').length - 1;
  const commas = digits.split(',').length - 1;
  if (points > 0 && commas > 0) return digits.lastIndexOf('.') > digits.lastIndexOf(',') ? '.' : ',';
  if (points + commas === 0) return undefined;
  const used: Style = points > 0 ? '.' : ',';
  const other: Style = used === '.' ? ',' : '.';
  if (points + commas > 1) return other;
  return /^[1-9]\d{0,2}[.,]\d{3}$/.test(digits) ? undefined : used;
}

function wellGrouped(digits: string, decimal: Style, group: Style): boolean {
  const [whole = '', ...fractions] = digits.split(decimal);
  if (fractions.length > 1 || fractions.some((fraction) => fraction.includes(group))) return false;
  return !whole.includes(group) || new RegExp(`^\\d{1,3}(?:\\${group}\\d{2,3})*\\${group}\\d{3}$`).test(whole);
}
