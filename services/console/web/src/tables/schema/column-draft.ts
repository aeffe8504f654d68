import { COLUMN_TYPES, type ColumnSpec } from '#contracts/http/tables';
import { asText } from '../../api/as-text.ts';
import type { ColumnChange } from '#libs/client/tables/table-edit';

export type ColumnType = (typeof COLUMN_TYPES)[number];

/** A column as a form has it: texts as they are typed, empty for what is not said. */
export interface ColumnDraft {
  name: string;
  type: ColumnType;
  label: string;
  description: string;
  required: boolean;
  unique: boolean;
  default: string;
  precision: string;
  scale: string;
  min: string;
  max: string;
  pattern: string;
  options: readonly string[];
  /** `schema.table` is not enough: names may hold a dot. */
  target: { schema: string; table: string; column: string } | undefined;
}

export const TYPE_TITLES: Readonly<Record<ColumnType, string>> = {
  text: 'Text',
  number: 'Number',
  integer: 'Whole number',
  decimal: 'Decimal',
  date: 'Date',
  timestamp: 'Date and time',
  boolean: 'Yes or no',
  choice: 'One of a list',
  'multi-choice': 'Several of a list',
  json: 'JSON',
  uuid: 'UUID',
  reference: 'Row of another table',
  file: 'File',
};

type Rule = 'range' | 'pattern' | 'options' | 'target' | 'digits' | 'default' | 'unique';

const RULES: Readonly<Record<ColumnType, readonly Rule[]>> = {
  text: ['pattern', 'default', 'unique'],
  number: ['range', 'default', 'unique'],
  integer: ['range', 'default', 'unique'],
  decimal: ['digits', 'range', 'default', 'unique'],
  date: ['range', 'default', 'unique'],
  timestamp: ['range', 'default', 'unique'],
  boolean: ['default'],
  choice: ['options', 'default', 'unique'],
  'multi-choice': ['options'],
  json: [],
  uuid: ['default', 'unique'],
  reference: ['target', 'default', 'unique'],
  file: [],
};

/** Whether a type takes that rule. */
export function takes(type: ColumnType, rule: Rule): boolean {
  return RULES[type].includes(rule);
}

export const EMPTY: ColumnDraft = {
  name: '',
  type: 'text',
  label: '',
  description: '',
  required: false,
  unique: false,
  default: '',
  precision: '',
  scale: '',
  min: '',
  max: '',
  pattern: '',
  options: [],
  target: undefined,
};

/** A column that is there, for its form. A type that SQL alone makes is shown as text, and changed only on request. */
export function draftOf({ references, options, required, unique, ...spec }: ColumnSpec): ColumnDraft {
  const text = (value: unknown): string => asText(value);
  return {
    name: spec.name,
    type: spec.type ?? 'text',
    label: text(spec.label),
    description: text(spec.description),
    required: required ?? false,
    unique: unique ?? false,
    default: text(spec.default),
    precision: text(spec.precision),
    scale: text(spec.scale),
    min: text(spec.min),
    max: text(spec.max),
    pattern: text(spec.pattern),
    options: options ?? [],
    target: references && { schema: references.schema ?? '', table: references.table, column: references.column ?? '' },
  };
}

/** What a form still lacks, by field; empty when it is complete. The service decides the rest. */
export function lacksOf(draft: ColumnDraft): Partial<Record<keyof ColumnDraft, string>> {
  const lacks: Partial<Record<keyof ColumnDraft, string>> = {};
  const { type } = draft;
  if (draft.name.trim() === '') lacks.name = 'A column has a name.';
  else if (new TextEncoder().encode(draft.name.trim()).length > 63) lacks.name = 'At most 63 bytes.';
  if (takes(type, 'options') && draft.options.length === 0) lacks.options = 'A list has at least one value.';
  if (takes(type, 'target') && draft.target === undefined) lacks.target = 'Which table?';
  if (isNumeric(type)) {
    for (const name of ['min', 'max'] as const) if (draft[name] !== '' && !isNumber(draft[name])) lacks[name] = 'A number.';
    if (draft.default !== '' && !isNumber(draft.default)) lacks.default = 'A number.';
  }
  for (const name of ['precision', 'scale'] as const)
    if (type === 'decimal' && draft[name] !== '' && !/^\d+$/.test(draft[name])) lacks[name] = 'A whole number.';
  return lacks;
}

/** The column that a complete form describes: what its type does not take is left out. */
export function specOf(draft: ColumnDraft): ColumnSpec {
  const { type } = draft;
  const column: ColumnSpec = { name: draft.name.trim(), type };
  if (draft.label.trim() !== '') column.label = draft.label.trim();
  if (draft.description.trim() !== '') column.description = draft.description.trim();
  if (draft.required) column.required = true;
  if (draft.unique && takes(type, 'unique')) column.unique = true;
  if (draft.default !== '' && takes(type, 'default')) column.default = valueOf(type, draft.default);
  if (takes(type, 'digits') && draft.precision !== '') {
    column.precision = Number(draft.precision);
    if (draft.scale !== '') column.scale = Number(draft.scale);
  }
  if (takes(type, 'range') && draft.min !== '') column.min = boundOf(type, draft.min);
  if (takes(type, 'range') && draft.max !== '') column.max = boundOf(type, draft.max);
  if (takes(type, 'pattern') && draft.pattern !== '') column.pattern = draft.pattern;
  if (takes(type, 'options')) column.options = [...draft.options];
  if (takes(type, 'target') && draft.target) column.references = targetOf(draft.target);
  return column;
}

/** What differs between a column and what its form says by now; a new name is an edit of its own. */
export function changeOf(before: ColumnSpec, draft: ColumnDraft): ColumnChange {
  const was = draftOf(before);
  // A type that users can't ask for is not changed by opening its form.
  const untouched = before.type === null && draft.type === was.type;
  const [old, now]: [ColumnChange, ColumnChange] = [shape(specOf(was)), shape(specOf(draft))];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])] as (keyof ColumnChange)[];
  const changed = names.filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]) && !(untouched && name === 'type'));
  return Object.fromEntries(changed.map((name) => [name, now[name] ?? null])) as ColumnChange;
}

function shape({ name: _name, ...rest }: ColumnSpec): ColumnChange {
  return rest;
}

function targetOf({ schema, table, column }: NonNullable<ColumnDraft['target']>): NonNullable<ColumnSpec['references']> {
  return { ...(schema === '' ? {} : { schema }), table, ...(column === '' ? {} : { column }) };
}

function isNumeric(type: ColumnType): boolean {
  return type === 'number' || type === 'integer' || type === 'decimal';
}

function isNumber(text: string): boolean {
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text.trim());
}

function valueOf(type: ColumnType, text: string): string | number | boolean {
  return type === 'boolean' ? text === 'true' : boundOf(type, text);
}

/** As a number where that loses no digit, else as text. */
function boundOf(type: ColumnType, text: string): string | number {
  const plain = text.trim();
  return isNumeric(type) && String(Number(plain)) === plain ? Number(plain) : plain;
}

/** A name for the database, from what people call it. */
export function nameFrom(label: string): string {
  return label
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .replaceAll(/^_+|_+$/g, '')
    .slice(0, 50);
}
