import type { LakeValue } from '#libs/lakehouse/lake-type';
import { ApiError } from '../../rows/api-error.ts';
import type { SelectItem } from '../../rows/query/row-query.ts';
import { isEverything, isGrouped, outputName } from '../../rows/query/select-names.ts';
import { jsonOf, textOf } from '../encode-value.ts';
import { divideAsPostgres, parseExact, roundExact } from '../numeric.ts';
import { undefinedFunction, unsupported } from '../refusals.ts';
import { compileLakeAggregate } from './lake-aggregate.ts';
import { castLake } from './lake-cast.ts';
import { compileLakeField, type LakeExpression } from './lake-field.ts';
import type { LakeScope } from './lake-scope.ts';

/** One member of each object of the answer: its values are columns `at` and following of the query's rows. */
export interface Output {
  name: string;
  pg: string;
  at: number;
  json: (row: readonly LakeValue[], at: number) => string;
}

export interface LakeSelect {
  /** Expressions of the select list, in order, each under a name of ours. */
  columns: string[];
  outputs: Output[];
  /** Undefined: rows are not grouped; else what they are grouped by. */
  groupBy?: string[];
}

/** The select list; null stands for every column. `typeName` gives the unqualified name of the type that a cast names. */
export function compileLakeSelect(scope: LakeScope, items: readonly SelectItem[] | null, typeName: (cast: string) => string): LakeSelect {
  const select: LakeSelect = { columns: [], outputs: [], ...(isGrouped(items) ? { groupBy: [] } : {}) };
  for (const item of expand(scope, items)) addItem(scope, select, item, typeName);
  return select;
}

function expand(scope: LakeScope, items: readonly SelectItem[] | null): SelectItem[] {
  const all = (): SelectItem[] => [...scope.table.columns.keys()].map((column) => ({ field: { column, path: [] } }));
  return items === null ? all() : items.flatMap((item) => (isEverything(item) ? all() : [item]));
}

function addItem(scope: LakeScope, select: LakeSelect, item: SelectItem, typeName: (cast: string) => string): void {
  const name = outputName(item);
  const { field, cast, aggregate } = item;
  const counted = aggregate !== undefined && field.column === '*' && field.path.length === 0;
  const source = counted ? undefined : compileLakeField(scope, field);
  const cut = source && cast !== undefined && (aggregate || typeName(cast) !== 'text') ? castLake(source, typeName(cast), scope.dialect) : source;
  if (!aggregate) {
    const value = cut as LakeExpression;
    select.groupBy?.push(groupable(value));
    return void addValue(select, name, value, cast !== undefined && typeName(cast) === 'text');
  }
  const after = aggregate.cast === undefined ? undefined : typeName(aggregate.cast);
  const outcome = compileLakeAggregate(scope, aggregate.name, cut);
  if (outcome.kind === 'average') return void addAverage(select, { name, sum: outcome.sum, count: outcome.count, to: after });
  const result = after === undefined || after === 'text' ? outcome.value : castLake(outcome.value, after, scope.dialect);
  addValue(select, name, result, after === 'text');
}

function groupable({ sql, pg }: LakeExpression): string {
  if (pg !== 'json') return sql;
  throw new ApiError(400, '42883', 'could not identify an equality operator for type json');
}

/** As text, a value is read as it is and spelled by us: the same values have the same text, so grouping is none the wiser. */
function addValue(select: LakeSelect, name: string, { sql, pg }: LakeExpression, asText: boolean): void {
  const json = asText ? textJson(pg) : jsonOf(pg);
  select.outputs.push({ name, pg: asText ? 'text' : pg, at: push(select, sql), json: (row, at) => json(row[at] ?? null) });
}

function textJson(pg: string): (value: LakeValue) => string {
  return (value) => (value === null ? 'null' : JSON.stringify(textOf(pg, value)));
}

function addAverage(select: LakeSelect, { name, sum, count, to }: { name: string; sum: LakeExpression; count: string; to: string | undefined }): void {
  const finish = averageAs(to);
  const at = push(select, sum.sql);
  push(select, count);
  const json = (row: readonly LakeValue[], from: number): string => {
    const total = row[from] ?? null;
    return total === null ? 'null' : finish(divideAsPostgres(parseExact(String(total)), BigInt(String(row[from + 1]))));
  };
  select.outputs.push({ name, pg: 'numeric', at, json });
}

function averageAs(to: string | undefined): (average: string) => string {
  switch (to) {
    case undefined:
    case 'numeric':
      return (average) => average;
    case 'text':
      return JSON.stringify;
    case 'int2':
    case 'int4':
    case 'int8':
      return (average) => inRange(to, roundExact(parseExact(average))).toString();
    case 'float8':
    case 'float4':
      return (average) => jsonOf(to)(Number(average));
    default:
      throw unsupported(`the cast from numeric to ${to} in the lakehouse`);
  }
}

function inRange(type: 'int2' | 'int4' | 'int8', value: bigint): bigint {
  const [name, bits] = ({ int2: ['smallint', 16], int4: ['integer', 32], int8: ['bigint', 64] } as const)[type];
  if (BigInt.asIntN(bits, value) === value) return value;
  throw new ApiError(400, '22003', `${name} out of range`);
}

/** Its place in the list. */
function push(select: LakeSelect, sql: string): number {
  select.columns.push(sql);
  return select.columns.length - 1;
}

/** Types that PostgreSQL can't sort. */
export function requireOrder({ pg, lake }: LakeExpression, column: string): void {
  if (pg === 'json') throw undefinedFunction('could not identify an ordering operator for type json');
  if (pg === 'enum' || (lake === 'string' && !['text', 'varchar', 'bpchar', 'name', 'uuid'].includes(pg)))
    throw unsupported(`the order of column ${column}, a ${pg} that the lakehouse keeps as text`);
}
