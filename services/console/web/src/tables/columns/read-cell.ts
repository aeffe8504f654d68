import { readNumeral } from '../../sheet/numeral.ts';
import { fileOf } from './file-cell.ts';
import type { CellValue, GridColumn, Kind } from './grid-column.ts';
import { type Habits, readDate, readTimestamp } from './read-time.ts';

/** What a text means in a column, or in words why it means nothing there. */
export type Reading = { value: CellValue } | { problem: string };

const TRUE = ['true', 't', 'yes', 'y', '1', 'x', '✓', 'on'];
const FALSE = ['false', 'f', 'no', 'n', '0', 'off'];

/**
 * Reads what was typed, or pasted from a spreadsheet. Nothing is null. What only the database can tell (a pattern, a key that must be unique) is left to it; what
 * a person can be told at once is told at once.
 */
export function readCell(column: GridColumn, text: string, habits: Habits): Reading {
  const trimmed = text.trim();
  if (text === '' || (trimmed === '' && column.valueKind !== 'text')) return column.required ? { problem: 'must not be empty' } : { value: null };
  const reading = READERS[column.valueKind](trimmed, column, habits);
  if ('problem' in reading) return reading;
  // Text is kept with its blanks.
  const value = column.valueKind === 'text' || column.valueKind === 'other' ? text : reading.value;
  const problem = beyondBounds(column, value);
  return problem === undefined ? { value } : { problem };
}

type Reader = (text: string, column: GridColumn, habits: Habits) => Reading;

const numeral: Reader = (text, { valueKind, spec }, { style }) => {
  const read = text.includes('%') ? undefined : readNumeral(text, style);
  if (read === undefined) return { problem: 'not a number' };
  if (valueKind === 'integer') return /^-?\d+$/.test(read) ? { value: safe(read) } : { problem: 'not a whole number' };
  if (valueKind === 'number') return { value: Number(read) };
  if (/e/i.test(read)) return { value: read };
  const fraction = /^-?\d*\.(\d+)$/.exec(read)?.[1]?.replace(/0+$/, '') ?? '';
  // PostgreSQL would round it without a word.
  if (spec.scale !== undefined && fraction.length > spec.scale) return { problem: `at most ${spec.scale} digits behind the point` };
  const [whole = '', given = ''] = (read.startsWith('.') ? `0${read}` : read.replace(/^-\./, '-0.')).split('.');
  // Spelled as PostgreSQL gives it back, so that what is the same is seen to be.
  const digits = spec.scale === undefined ? given : fraction.padEnd(spec.scale, '0');
  return { value: digits === '' ? whole : `${whole}.${digits}` };
};
const asItIs: Reader = (text) => ({ value: text });

const READERS: Readonly<Record<Kind, Reader>> = {
  text: asItIs,
  other: asItIs,
  reference: asItIs,
  integer: numeral,
  number: numeral,
  decimal: numeral,
  date: (text, _column, habits) => found(readDate(text, habits.order), 'not a date: write 2026-01-31'),
  timestamp: (text, { sqlType }, habits) => found(readTimestamp(text, habits.order, !sqlType.includes('without')), 'not a time: write 2026-01-31 14:30'),
  boolean: (text) => {
    const word = text.toLowerCase();
    return TRUE.includes(word) ? { value: true } : FALSE.includes(word) ? { value: false } : { problem: 'neither yes nor no' };
  },
  choice: (text, { spec }) => optionOf(text, spec.options),
  'multi-choice': (text, { spec }) => {
    const parts = text
      .split(/[,;]/)
      .map((part) => part.trim())
      .filter(Boolean);
    const read = parts.map((part) => optionOf(part, spec.options));
    const wrong = read.find((each) => 'problem' in each);
    return wrong ?? { value: [...new Set(read.map((each) => ('value' in each ? each.value : '')))] };
  },
  json: (text) => {
    try {
      JSON.parse(text);
      return { value: text };
    } catch (error) {
      return { problem: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
    }
  },
  // What a cell of files was copied as; files themselves are chosen or dropped.
  file: (text) => (fileOf(text) ? { value: text } : { problem: 'no file yet: choose one, or wait until it has come' }),
  uuid: (text) => (/^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text) ? { value: text.toLowerCase() } : { problem: 'not a UUID' }),
};

function found(value: string | undefined, problem: string): Reading {
  return value === undefined ? { problem } : { value };
}

function safe(digits: string): CellValue {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

/** The option itself, or the one that differs in case alone. */
function optionOf(text: string, options: readonly string[] | undefined): { value: string } | { problem: string } {
  if (!options) return { value: text };
  const option = options.find((one) => one === text) ?? options.find((one) => one.toLowerCase() === text.toLowerCase());
  return option === undefined ? { problem: `“${text}” is none of ${options.join(', ')}` } : { value: option };
}

function beyondBounds({ spec, valueKind }: GridColumn, value: CellValue): string | undefined {
  if (value === null || (valueKind !== 'integer' && valueKind !== 'number' && valueKind !== 'decimal')) return undefined;
  const number = Number(value);
  if (spec.min !== undefined && number < Number(spec.min)) return `must be at least ${spec.min}`;
  if (spec.max !== undefined && number > Number(spec.max)) return `must be at most ${spec.max}`;
  return undefined;
}
