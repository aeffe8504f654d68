import type { Decimal } from '#libs/governance/policy/decimal';
import { encodedDecimal } from '#libs/governance/policy/decimal';
import type { Scalar } from '#libs/governance/policy/scalar';
import { inputDate, inputTimestamp } from '#libs/governance/policy/temporal';
import { Parameters } from '../rows/compile/parameters.ts';
import type { Statement } from '../rows/compile/statement.ts';
import { OPERATORS } from '../rows/query/operators.ts';
import type { Condition, Filter } from '../rows/query/row-query.ts';
import type { AnalyticalColumn } from './lake-column.ts';

/** The values of each filter as PostgreSQL reads them: their text in one canonical form. */
export type Operands = ReadonlyMap<Filter, readonly string[]>;

/**
 * One statement that has PostgreSQL cast every operand to its column's type, so that a request is read alike whichever layer its table is in: every
 * spelling PostgreSQL takes, and its own error for any other. Under the caller's role, which it must be able to take.
 */
export function compileOperands(conditions: readonly Condition[], column: (filter: Filter) => AnalyticalColumn): { statement: Statement; filters: Filter[] } {
  const parameters = new Parameters();
  const filters: Filter[] = [];
  const items: string[] = [];
  for (const filter of leaves(conditions)) {
    if (OPERATORS[filter.operator].operand === 'text' || OPERATORS[filter.operator].operand === 'search' || filter.value.kind === 'is') continue;
    filters.push(filter);
    const { pg, pgSql } = operandType(filter, column(filter));
    const texts = filter.value.kind === 'text' ? [filter.value.text] : filter.value.items;
    for (const text of texts) items.push(canonical(parameters.cast(text, pgSql), pg));
  }
  const text = `select pg_catalog.array_to_json(array[${items.join(', ')}]::pg_catalog.text[])::pg_catalog.text as body, null::pg_catalog.int8 as total, null::pg_catalog.int8 as page, null::pg_catalog.jsonb as extra`;
  return { statement: { text, parameters: parameters.values }, filters };
}

/** A place inside JSON, taken as text, is compared as text. */
function operandType({ field }: Filter, column: AnalyticalColumn): Pick<AnalyticalColumn, 'pg' | 'pgSql'> {
  return field.path.length === 0 ? column : { pg: 'text', pgSql: 'pg_catalog.text' };
}

export function readOperands(body: string | null, filters: readonly Filter[]): Operands {
  const texts = JSON.parse(body ?? '[]') as string[];
  let at = 0;
  return new Map(
    filters.map((filter) => {
      const length = filter.value.kind === 'list' ? filter.value.items.length : 1;
      at += length;
      return [filter, texts.slice(at - length, at)];
    }),
  );
}

export function* leaves(conditions: readonly Condition[]): Generator<Filter> {
  for (const condition of conditions) {
    if (condition.kind === 'filter') yield condition;
    else yield* leaves(condition.conditions);
  }
}

/** Independent of the session's settings. */
function canonical(value: string, pg: string): string {
  switch (pg) {
    case 'date':
    case 'timestamp':
      return `pg_catalog.to_json(${value}) #>> '{}'`;
    case 'timestamptz':
      return `pg_catalog.to_json(pg_catalog.timezone('UTC', ${value})) #>> '{}'`;
    case 'bytea':
      return `pg_catalog.encode(${value}, 'hex')`;
    default:
      return `(${value})::pg_catalog.text`;
  }
}

/** A canonical text as comparisons take it; undefined for types that are compared as text. */
export function scalarOf(pg: string, text: string): Scalar | undefined {
  switch (pg) {
    case 'bool':
      return text === 'true';
    case 'int2':
    case 'int4':
    case 'int8':
      return BigInt(text);
    case 'numeric':
      return NUMERIC_SPECIAL[text] ?? encodedDecimal(text);
    case 'date':
      return inputDate(text);
    case 'timestamp':
    case 'timestamptz':
      return inputTimestamp(text, false);
    default:
      return undefined;
  }
}

const NUMERIC_SPECIAL: Readonly<Record<string, Decimal>> = { NaN: 'nan', Infinity: 'infinity', '-Infinity': '-infinity' };
