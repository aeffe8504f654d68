import type { GridColumn, Kind } from '../columns/grid-column.ts';

/** A condition that a person can choose. `takes`: what it is given. */
export interface Operator {
  name: string;
  title: string;
  takes: 'nothing' | 'one' | 'many';
}

const EMPTY: Operator = { name: 'empty', title: 'is empty', takes: 'nothing' };
const FILLED: Operator = { name: 'filled', title: 'is not empty', takes: 'nothing' };
const IS: Operator = { name: 'is', title: 'is', takes: 'one' };
const NOT: Operator = { name: 'not', title: 'is not', takes: 'one' };
const ANY: Operator = { name: 'any', title: 'is any of', takes: 'many' };
const NONE: Operator = { name: 'none', title: 'is none of', takes: 'many' };
const LEAST: Operator = { name: 'least', title: '≥', takes: 'one' };
const MOST: Operator = { name: 'most', title: '≤', takes: 'one' };
const MORE: Operator = { name: 'more', title: '>', takes: 'one' };
const LESS: Operator = { name: 'less', title: '<', takes: 'one' };

const TEXT: readonly Operator[] = [
  { name: 'contains', title: 'contains', takes: 'one' },
  { name: 'lacks', title: 'does not contain', takes: 'one' },
  { name: 'begins', title: 'begins with', takes: 'one' },
  IS,
  NOT,
  EMPTY,
  FILLED,
];
const NUMBER = [{ ...IS, title: '=' }, { ...NOT, title: '≠' }, MORE, LEAST, LESS, MOST, EMPTY, FILLED];
const DATE = [
  { ...IS, title: 'is on' },
  { ...LESS, title: 'is before' },
  { ...MORE, title: 'is after' },
  { ...LEAST, title: 'is on or after' },
  { ...MOST, title: 'is on or before' },
  EMPTY,
  FILLED,
];
const TIME = [{ ...LEAST, title: 'is at or after' }, { ...LESS, title: 'is before' }, EMPTY, FILLED];

const BY_KIND: Readonly<Record<Kind, readonly Operator[]>> = {
  text: TEXT,
  integer: NUMBER,
  number: NUMBER,
  decimal: NUMBER,
  date: DATE,
  timestamp: TIME,
  boolean: [{ name: 'yes', title: 'is yes', takes: 'nothing' }, { name: 'no', title: 'is no', takes: 'nothing' }, EMPTY, FILLED],
  choice: [ANY, NONE, EMPTY, FILLED],
  'multi-choice': [{ name: 'has-any', title: 'has any of', takes: 'many' }, { name: 'has-all', title: 'has all of', takes: 'many' }, EMPTY, FILLED],
  json: [EMPTY, FILLED],
  file: [EMPTY, FILLED],
  uuid: [IS, NOT, EMPTY, FILLED],
  reference: [IS, NOT, EMPTY, FILLED],
  other: [IS, NOT, EMPTY, FILLED],
};

export function operatorsOf({ kind }: Pick<GridColumn, 'kind'>): readonly Operator[] {
  return BY_KIND[kind];
}
