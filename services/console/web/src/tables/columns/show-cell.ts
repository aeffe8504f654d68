import { fileInWords, fileOf } from './file-cell.ts';
import type { CellValue, GridColumn } from './grid-column.ts';

/** A value for the eye: numbers grouped in the browser's language, times in its time zone. '' for nothing. */
export function showCell({ valueKind, kind, key }: GridColumn, value: CellValue | undefined): string {
  if (value === null || value === undefined) return '';
  // What identifies a row is a name, be it made of digits.
  if (kind === 'reference' || (key && valueKind === 'integer')) return plainCell(value);
  switch (valueKind) {
    case 'integer':
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? value.toLocaleString(undefined, { maximumFractionDigits: 15 }) : plainCell(value);
    case 'decimal':
      return showDecimal(plainCell(value));
    case 'timestamp':
      return showTimestamp(plainCell(value));
    case 'boolean':
      return value === true ? 'yes' : 'no';
    case 'file': {
      const file = fileOf(value);
      return file ? fileInWords(file) : plainCell(value);
    }
    case 'multi-choice':
      return Array.isArray(value) ? value.join(', ') : plainCell(value);
    default:
      return plainCell(value);
  }
}

/** A value as text that `readCell` reads back as the same: for the clipboard and the field of an edit. */
export function plainCell(value: CellValue | undefined): string {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** Grouped without ever being a binary fraction: trailing zeros and digits beyond the sixteenth stay. */
function showDecimal(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) return text;
  const [, sign = '', whole = '', fraction] = match;
  const parts = new Intl.NumberFormat().formatToParts(-1.5);
  const point = parts.find(({ type }) => type === 'decimal')?.value ?? '.';
  return `${sign}${BigInt(whole).toLocaleString()}${fraction === undefined ? '' : `${point}${fraction}`}`;
}

/** `2026-01-02 03:04`, with seconds where there are any, in the browser's time zone. A time without zone is shown as it is. */
export function showTimestamp(text: string): string {
  if (!/[+-]\d\d(?::?\d\d)?$|Z$/.test(text)) return text.replace('T', ' ');
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const seconds = at.getSeconds() === 0 ? '' : `:${two(at.getSeconds())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}${seconds}`;
}
