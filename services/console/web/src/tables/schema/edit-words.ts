import type { ColumnSpec, EditProgress, EditReport, SchemaEdit, TableDescription } from '#contracts/http/tables';
import { asText } from '../../api/as-text.ts';
import { count, listed } from '../history/change-words.ts';

/** An edit as it is kept: `op` and what goes with it. */
type Kept = Readonly<Record<string, unknown>>;

/** What somebody did to a schema, in the past tense: “added the column size (integer)”. */
export function editInWords({ edit, reverts }: Pick<SchemaEdit, 'edit' | 'reverts'>, table: Pick<TableDescription, 'name'>): string {
  const words = deedInWords(edit, table);
  return reverts === null ? words : `took an edit back: ${words}`;
}

/** What an edit in steps is for: “Column amount: type integer”. */
export function aimInWords({ edit, reverts }: Pick<EditProgress, 'edit' | 'reverts'>): string {
  const column = edit.column as ColumnSpec | string;
  const aim = typeof column === 'string' ? `Column ${column}: ${changesInWords(edit.change as Kept)}` : `New column ${column.name} (${column.type ?? 'SQL'})`;
  return reverts === null ? aim : `An edit is taken back. ${aim}`;
}

function deedInWords(edit: Kept, { name }: Pick<TableDescription, 'name'>): string {
  switch (edit.op) {
    case 'create':
      return `made the table with ${count((edit.columns as unknown[]).length, 'column')}`;
    case 'adopt':
      return 'adopted the table';
    case 'rename':
      return `called the table ${asText(edit.to) || name}`;
    case 'describe':
      return `described the table${edit.label === undefined ? '' : ` as “${asText(edit.label)}”`}`;
    case 'reorder':
      return 'put the columns in another order';
    case 'keep-history':
      return edit.keep === null ? 'had history kept for ever' : `had history kept for ${asText(edit.keep)}`;
    case 'archive':
      return 'archived the table';
    case 'restore':
      return 'restored the table';
    case 'add-column': {
      const column = edit.column as ColumnSpec;
      return `${edit.kept === undefined ? 'added' : 'brought back'} the column ${column.name} (${column.type ?? 'SQL'})`;
    }
    case 'rename-column':
      return `called the column ${asText(edit.column)} ${asText(edit.to)}`;
    case 'change-column':
      return `changed the column ${asText(edit.column)}: ${changesInWords(edit.change as Kept)}`;
    case 'drop-column':
      return `dropped the column ${asText(edit.column)}`;
    default:
      return asText(edit.op);
  }
}

const SUBJECTS: Readonly<Record<string, string>> = { default: 'its default', options: 'the list', references: 'what it refers to' };

function changesInWords(change: Kept): string {
  return listed(Object.entries(change).map(([name, value]) => changeInWords(name, value)));
}

function changeInWords(name: string, value: unknown): string {
  const subject = SUBJECTS[name] ?? name;
  if (name === 'required' || name === 'unique') return value === true ? name : `no longer ${name}`;
  if (value === null || value === undefined) return `no ${name}`;
  if (name === 'type') return `type ${asText(value)}`;
  return typeof value === 'object' ? `${subject} changed` : `${subject} ${asText(value)}`;
}

/** What the rules of a column ask of a value: “required”, “0 to 100”, “one of open, done”. */
export function rulesInWords({ required, unique, min, max, pattern, options, references, default: fallback }: ColumnSpec): string[] {
  const rules: string[] = [];
  if (required) rules.push('required');
  if (unique) rules.push('unique');
  if (min !== undefined && max !== undefined) rules.push(`${min} to ${max}`);
  else if (min !== undefined) rules.push(`at least ${min}`);
  else if (max !== undefined) rules.push(`at most ${max}`);
  if (pattern !== undefined) rules.push(`like ${pattern}`);
  if (options !== undefined) rules.push(`one of ${listed(options)}`);
  if (references !== undefined) rules.push(`one of ${references.table}${references.column === undefined ? '' : ` (${references.column})`}`);
  if (fallback !== undefined) rules.push(`else ${String(fallback)}`);
  return rules;
}

/** A type as people see it: with digits, and what SQL made as SQL calls it. */
export function typeInWords({ type, precision, scale, sqlType }: ColumnSpec & { sqlType?: string }): string {
  if (type === null) return sqlType ?? 'SQL';
  if (type === 'decimal' && precision !== undefined) return `decimal (${precision}, ${scale ?? 0})`;
  return type;
}

/** Rows that an edit loses or breaks: “2 rows: values of amount that are no bigint”. */
export function lossInWords({ what, rows }: EditReport['losses'][number]): string {
  return `${count(rows, 'row')}: ${what}`;
}

/** Primary keys, as JSON texts, for reading: `id 2, id 5`. */
export function examplesInWords(examples: readonly string[]): string {
  return examples.map(exampleInWords).join('; ');
}

function exampleInWords(json: string): string {
  const pairs = Object.entries(JSON.parse(json) as Kept);
  return pairs.map(([name, value]) => `${name} ${asText(value)}`).join(', ');
}
