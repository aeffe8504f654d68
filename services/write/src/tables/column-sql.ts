import type { ColumnSpec } from '#contracts/http/tables';
import { quoteIdentifier, quoteLiteral, quoteTable } from '#libs/postgres/identifiers';
import { ProblemException } from '#libs/runtime/http/problem';

/** A constraint that a column asks for, without its name. */
export interface ConstraintSql {
  kind: 'range' | 'pattern' | 'options' | 'reference' | 'unique';
  /** `check (…)`, `foreign key (…) …` */
  sql: string;
  /** Condition that a row breaks it by; absent for what only the constraint itself can tell. */
  broken?: string;
}

const SQL_TYPES: Readonly<Record<Exclude<NonNullable<ColumnSpec['type']>, 'decimal' | 'reference'>, string>> = {
  text: 'text',
  number: 'double precision',
  integer: 'bigint',
  date: 'date',
  timestamp: 'timestamp with time zone',
  boolean: 'boolean',
  choice: 'text',
  'multi-choice': 'text[]',
  json: 'jsonb',
  uuid: 'uuid',
  file: 'lakeloop.file',
};

/** Types whose values have an order that a range can rely on. */
const ORDERED = new Set<string>(['number', 'integer', 'decimal', 'date', 'timestamp']);

/** The SQL type of a column; `referenced`: that of the column it refers to. 422 for a column that makes no sense. */
export function sqlTypeOf(spec: ColumnSpec, referenced?: string): string {
  const { name, type, precision, scale } = spec;
  if (type === null) throw invalid(name, 'has a type that only SQL makes');
  if (type === 'reference') {
    if (referenced === undefined) throw invalid(name, 'refers to a table that is not there, or not to a unique column of it');
    return referenced;
  }
  if (type !== 'decimal') return SQL_TYPES[type];
  if (precision === undefined) return 'numeric';
  if (precision < 1 || precision > 1000 || (scale ?? 0) < 0 || (scale ?? 0) > precision)
    throw invalid(name, 'has a precision outside 1 to 1000, or a scale outside 0 to it');
  return `numeric(${precision},${scale ?? 0})`;
}

/** The constraints that a column asks for, `required` apart. */
export function constraintsOf(spec: ColumnSpec, sqlType: string, target?: { schema: string; table: string; column: string }): ConstraintSql[] {
  const column = quoteIdentifier(spec.name);
  const literal = (value: string | number): string => `${quoteLiteral(String(value))}::${sqlType}`;
  const constraints: ConstraintSql[] = [];
  const check = (kind: ConstraintSql['kind'], condition: string): void =>
    void constraints.push({ kind, sql: `check (${condition})`, broken: `not (${condition})` });
  const { type, min, max, pattern, options } = spec;
  if (type === 'file' && (spec.unique || spec.default !== undefined || target))
    throw invalid(spec.name, 'holds files: it has no default, refers to nothing, and is not unique');
  if (min !== undefined || max !== undefined) {
    if (!ORDERED.has(type ?? '')) throw invalid(spec.name, `has a range, which a column of type ${type} has not`);
    check(
      'range',
      [min === undefined ? '' : `${column} >= ${literal(min)}`, max === undefined ? '' : `${column} <= ${literal(max)}`].filter(Boolean).join(' and '),
    );
  }
  if (pattern !== undefined) {
    if (type !== 'text') throw invalid(spec.name, 'has a pattern, and is no text');
    check('pattern', `${column} ~ ${quoteLiteral(pattern)}`);
  }
  if (type === 'choice' || type === 'multi-choice') {
    if (!options || options.length === 0) throw invalid(spec.name, 'is a choice without options');
    const list = `array[${options.map((option) => quoteLiteral(option)).join(', ')}]::text[]`;
    check('options', type === 'choice' ? `${column} = any (${list})` : `${column} <@ ${list}`);
  } else if (options !== undefined) throw invalid(spec.name, 'has options, and is no choice');
  if (spec.unique) constraints.push({ kind: 'unique', sql: `unique (${column})` });
  if (target) {
    const table = quoteTable({ schema: target.schema, name: target.table });
    const key = quoteIdentifier(target.column);
    constraints.push({
      kind: 'reference',
      sql: `foreign key (${column}) references ${table} (${key})`,
      broken: `${column} is not null and not exists (select from ${table} r where r.${key} = t.${column})`,
    });
  }
  return constraints;
}

/** The default as SQL. A string is a value, never an expression. */
export function defaultSql({ default: value }: ColumnSpec, sqlType: string): string | undefined {
  return value === undefined ? undefined : `${quoteLiteral(String(value))}::${sqlType}`;
}

export function invalid(name: string, why: string): ProblemException {
  return new ProblemException(422, 'invalid-column', `the column ${name} ${why}`, { column: name });
}
