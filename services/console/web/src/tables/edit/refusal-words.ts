import { ApiError } from '../../api/api-error.ts';
import { inWords } from '../../api/in-words.ts';
import type { GridColumn } from '../columns/grid-column.ts';

/** Why a value was refused, for the person who entered it; `column` is the one that they changed, where it is one. */
export function refusalWords(error: unknown, columns: ReadonlyMap<string, GridColumn>, column?: GridColumn): string {
  if (!(error instanceof ApiError)) return inWords(error).detail;
  const about = columnIn(error, columns) ?? column;
  const name = about && about !== column ? `${about.title} ` : '';
  switch (error.code) {
    case '23502':
      return `${name}must not be empty.`;
    case '23505':
      return `${name || 'It '}must be unique, and this value is there already.`;
    case '23503':
      return /is still referenced/.test(error.message) ? 'Other rows refer to it.' : `${name || 'It '}refers to a row that isn’t there.`;
    case '23514':
      return `${name}${checkWords(error, about)}`;
    case '42501':
      return 'You may not change this.';
    case '22P02':
    case '22007':
    case '22008':
      return `${name || 'That '}is no value of the type ${about?.sqlType ?? 'of this column'}.`;
    case '22003':
      return `${name || 'The number '}is too large for this column.`;
    default:
      return inWords(error).detail;
  }
}

/** Our constraints say in their name what they hold: `lakeloop:<kind>:<column number>`. */
function checkWords(error: ApiError, column: GridColumn | undefined): string {
  if (error.message.includes('is no file that may be put there')) return 'takes a file from who uploaded it: choose the file itself.';
  const [, kind] = /"lakeloop:(\w+):\d+"/.exec(error.message) ?? [];
  const { min, max, pattern, options } = column?.spec ?? {};
  if (kind === 'range')
    return [min === undefined ? '' : `must be at least ${min}`, max === undefined ? '' : `must be at most ${max}`].filter(Boolean).join(' and ') + '.';
  if (kind === 'pattern') return `must match ${pattern}.`;
  if (kind === 'options') return `must be one of ${options?.join(', ')}.`;
  const [, constraint] = /constraint "([^"]+)"/.exec(error.message) ?? [];
  return constraint ? `breaks the rule “${constraint}” of this table.` : inWords(error).detail;
}

/** PostgreSQL quotes the column in some of its messages. */
function columnIn({ message }: ApiError, columns: ReadonlyMap<string, GridColumn>): GridColumn | undefined {
  const [, name] = /column "([^"]+)"/.exec(message) ?? [];
  return name === undefined ? undefined : columns.get(name);
}
