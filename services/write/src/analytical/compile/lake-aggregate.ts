import type { AggregateName } from '../../rows/query/row-query.ts';
import { undefinedFunction } from '../refusals.ts';
import type { LakeExpression } from './lake-field.ts';
import type { LakeScope } from './lake-scope.ts';

const INTEGERS = new Set(['int2', 'int4', 'int8']);
const ORDERED = new Set(['int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'text', 'varchar', 'bpchar', 'date', 'timestamp', 'timestamptz', 'bytea']);
const WIDE = { precision: 38, scale: 0 };

/** An aggregate with the type PostgreSQL gives it. An exact average is a sum and a count: the quotient's digits are PostgreSQL's own rule (numeric.ts). */
export type Aggregated = { kind: 'value'; value: LakeExpression } | { kind: 'average'; sum: LakeExpression; count: string };

export function compileLakeAggregate(scope: LakeScope, name: AggregateName, of: LakeExpression | undefined): Aggregated {
  if (name === 'count') return value(`count(${of?.sql ?? '*'})`, 'int8', 'long');
  if (!of) throw undefinedFunction(`function pg_catalog.${name}() does not exist`);
  const stored = of.lake !== 'string' || of.pg === 'text' || of.pg === 'varchar';
  const fits = name === 'sum' || name === 'avg' ? isNumber(of) : ORDERED.has(of.pg) && stored;
  if (!fits) throw undefinedFunction(`function pg_catalog.${name}(${of.pg}) does not exist`);
  if (name === 'min' || name === 'max') return { kind: 'value', value: { ...of, sql: `${name}(${of.sql})` } };
  if (of.pg === 'float4' || of.pg === 'float8') return floating(name, of);
  const sum = exactSum(scope, of);
  return name === 'sum' ? { kind: 'value', value: sum } : { kind: 'average', sum, count: `count(${of.sql})` };
}

function isNumber({ pg, lake }: LakeExpression): boolean {
  return INTEGERS.has(pg) || pg === 'float4' || pg === 'float8' || (pg === 'numeric' && lake !== 'string');
}

function value(sql: string, pg: string, lake: 'long' | 'double' | 'float'): Aggregated {
  return { kind: 'value', value: { sql, pg, lake, ...(lake === 'long' ? { decimal: { precision: 19, scale: 0 } } : {}) } };
}

function floating(name: 'sum' | 'avg', { sql, pg }: LakeExpression): Aggregated {
  if (name === 'sum' && pg === 'float4') return value(`cast(sum(${sql}) as float)`, 'float4', 'float');
  return value(`${name}(${sql})`, 'float8', 'double');
}

/** `sum` of smallint and integer is bigint; of bigint and numeric, numeric. */
function exactSum({ dialect }: LakeScope, { sql, pg, decimal }: LakeExpression): LakeExpression {
  if (pg === 'int2' || pg === 'int4')
    return { sql: `cast(sum(cast(${sql} as bigint)) as bigint)`, pg: 'int8', lake: 'long', decimal: { precision: 19, scale: 0 } };
  if (pg === 'numeric' && decimal && decimal.scale > 0) {
    const wide = { precision: 38, scale: decimal.scale };
    return {
      sql: dialect === 'duckdb' ? `sum(${sql})` : `sum(cast(${sql} as decimal(38,${decimal.scale})))`,
      pg: 'numeric',
      lake: { decimal: wide },
      decimal: wide,
    };
  }
  return { sql: dialect === 'duckdb' ? `sum(${sql})` : `sum(cast(${sql} as decimal(38,0)))`, pg: 'numeric', lake: { decimal: WIDE }, decimal: WIDE };
}
