import { compileLakePredicate } from '#libs/governance/policy/compile-lake';
import type { Predicate } from '#libs/governance/policy/policy';
import { UnsupportedPredicate } from '#libs/governance/policy/unsupported-predicate';
import type { LakeDialect } from '#libs/lakehouse/lakehouse';
import type { LakeValue } from '#libs/lakehouse/lake-type';
import { ApiError } from '../../rows/api-error.ts';
import { notEmbedded } from '../../rows/query/parse-row-query.ts';
import type { OrderItem, RowQuery } from '../../rows/query/row-query.ts';
import type { Access } from '../access.ts';
import type { AnalyticalTable } from '../analytical-table.ts';
import type { Operands } from '../operands.ts';
import { permissionDenied, unsupported } from '../refusals.ts';
import { compileLakeField } from './lake-field.ts';
import { compileLakeSelect, type LakeSelect, type Output, requireOrder } from './lake-select.ts';
import { LakeScope, quoteName } from './lake-scope.ts';
import { compileLakeCondition } from './lake-where.ts';

export interface LakeReadRequest {
  table: AnalyticalTable;
  dialect: LakeDialect;
  query: RowQuery;
  operands: Operands;
  access: Access;
  claims: Readonly<Record<string, unknown>>;
  anonymous: boolean;
  typeName: (cast: string) => string;
  limit: number | null;
  offset: number;
  /** Only rows whose column is one of these texts; their key is one more column of each row, at `keyAt`. */
  keys?: { column: string; values: readonly string[] };
}

/** A read, of whatever FROM item stands for the table. Compiled once; all three share the parameters. */
export interface LakeRead {
  outputs: readonly Output[];
  /** Where in a row the key is, for a read by keys. */
  keyAt: number;
  parameters: Readonly<Record<string, LakeValue>>;
  rows: (from: string) => string;
  /** How many rows the page has. */
  page: (from: string) => string;
  /** How many rows there are without limit and offset. */
  total: (from: string) => string;
}

/** Throws `ApiError`, as PostgreSQL would refuse the same request. */
export function compileLakeRead(request: LakeReadRequest): LakeRead {
  const scope = new LakeScope(request.table, request.dialect);
  const { query, access, operands } = request;
  const select = compileLakeSelect(scope, query.select, request.typeName);
  const conditions = query.conditions.map((condition) => compileLakeCondition(scope, condition, operands));
  const order = query.order.map((item) => orderSql(scope, item, select));
  const keyColumn = request.keys && keySql(scope, request.keys);
  requireColumns(request, scope);
  const rules = access.rows.map((predicate) => rowFilter(scope, predicate, request));
  const where = [...rules, ...(keyColumn ? [keyColumn.condition] : []), ...conditions];
  const tail = `${where.length === 0 ? '' : ` where ${where.join(' and ')}`}${groupSql(select)}`;
  const list = [...select.columns, ...(keyColumn ? [keyColumn.sql] : [])].map((sql, index) => `${sql} as ${quoteName(`c${index}`, scope.dialect)}`).join(', ');
  const counted = select.groupBy ? list : '1 as c0';
  const bounds = pageSql(scope, request);
  return {
    outputs: select.outputs,
    keyAt: select.columns.length,
    parameters: scope.parameters,
    rows: (from) => `select ${list === '' ? '1 as c0' : list} from ${from} as t${tail}${order.length === 0 ? '' : ` order by ${order.join(', ')}`}${bounds}`,
    page: (from) => `select count(*) as n from (select ${counted} from ${from} as t${tail}${bounds}) as r`,
    total: (from) => `select count(*) as n from (select ${counted} from ${from} as t${tail}) as r`,
  };
}

/** Without any column of the table (`select=count()`), one that may be read must exist: PostgreSQL asks for SELECT on at least one. */
function requireColumns({ table, access, anonymous }: LakeReadRequest, { used }: LakeScope): void {
  const columns = used.size > 0 ? [...used] : [...table.columns.keys()];
  const allowed = used.size > 0 ? columns.every(access.mayRead) : columns.some(access.mayRead);
  if (!allowed) throw permissionDenied(table.name, anonymous);
}

/** The policy's filter, over all columns: it may look at those that the caller can't read. A filter that can't be evaluated exactly denies. */
function rowFilter(scope: LakeScope, predicate: Predicate, { table, claims }: LakeReadRequest): string {
  const types = Object.fromEntries([...table.columns.values()].map(({ name, predicateType }) => [name, predicateType]));
  const column = (name: string): { name: string; sql: string; decimal?: { precision: number; scale: number } } | undefined => {
    const found = table.columns.get(name);
    return found && { name, sql: scope.quoted(name), ...(found.decimal ? { decimal: found.decimal } : {}) };
  };
  try {
    return compileLakePredicate(predicate, { types, column }, claims, scope);
  } catch (error) {
    if (!(error instanceof UnsupportedPredicate)) throw error;
    throw new ApiError(403, '42501', `permission denied for table ${table.name}`, {
      details: `The row policy can't be checked in the lakehouse: ${error.message}`,
    });
  }
}

function orderSql(scope: LakeScope, { field, relation, direction = 'asc', nulls }: OrderItem, { groupBy }: LakeSelect): string {
  if (relation !== undefined) throw notEmbedded(relation);
  const expression = compileLakeField(scope, field);
  requireOrder(expression, field.column);
  if (groupBy && !groupBy.includes(expression.sql))
    throw new ApiError(400, '42803', `column "${field.column}" must appear in the GROUP BY clause or be used in an aggregate function`);
  return `${expression.sql} ${direction} nulls ${nulls ?? (direction === 'asc' ? 'last' : 'first')}`;
}

/** By expression: every value in it is bound under one name. No key at all is one group. */
function groupSql({ groupBy }: LakeSelect): string {
  return groupBy === undefined || groupBy.length === 0 ? '' : ` group by ${[...new Set(groupBy)].join(', ')}`;
}

/** Databricks takes an INT in both places, and no more than one of rows in all ("LIMIT clause", SUM_OF_LIMIT_AND_OFFSET_EXCEEDS_MAX_INT). */
const MAX_INT = 2 ** 31 - 1;

function pageSql(scope: LakeScope, { limit, offset }: LakeReadRequest): string {
  if (scope.dialect === 'duckdb') return `${limit === null ? '' : ` limit ${scope.bind(limit)}`}${offset === 0 ? '' : ` offset ${scope.bind(offset)}`}`;
  if (offset > MAX_INT) throw unsupported(`an offset beyond ${MAX_INT} in the lakehouse`);
  const count = (value: number): string => `cast(${scope.bind(value)} as int)`;
  return `${limit === null ? '' : ` limit ${count(Math.min(limit, MAX_INT - offset))}`}${offset === 0 ? '' : ` offset ${count(offset)}`}`;
}

/** Whole numbers are compared as such; all else as text, whose form is the same on both sides for the types that keys have. */
function keySql(scope: LakeScope, { column, values }: NonNullable<LakeReadRequest['keys']>): { sql: string; condition: string } {
  const { name, pg } = scope.column(column);
  const quoted = scope.quoted(name);
  const duckdb = scope.dialect === 'duckdb';
  const sql = `cast(${quoted} as ${duckdb ? 'varchar' : 'string'})`;
  const integers = pg === 'int2' || pg === 'int4' || pg === 'int8';
  const keys = integers ? values.filter((value) => /^-?\d{1,18}$/.test(value)) : values;
  if (keys.length === 0) return { sql, condition: 'false' };
  const list = duckdb ? keys.map((value) => scope.bind(integers ? BigInt(value) : value)).join(', ') : exploded(scope, keys, integers);
  return { sql, condition: `${integers ? quoted : sql} in (${list})` };
}

/** All keys in one parameter: a warehouse takes few of them. */
function exploded(scope: LakeScope, keys: readonly string[], integers: boolean): string {
  const json = integers ? `[${keys.map(BigInt).join(',')}]` : JSON.stringify(keys);
  return `select explode(from_json(${scope.bind(json)}, 'array<${integers ? 'bigint' : 'string'}>'))`;
}
