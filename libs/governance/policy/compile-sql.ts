import { createHash } from 'node:crypto';
import { quoteIdentifier, quoteLiteral, quoteTable, type TableName } from '#libs/postgres/identifiers';
import { type CatalogueColumn, columnTypesOf } from './catalogue.ts';
import type { ColumnType } from './column-type.ts';
import type { Columns, Operand, Predicate, TablePolicy } from './policy.ts';
import { comparedType } from './predicate.ts';
import { UnsupportedPredicate } from './unsupported-predicate.ts';

export type CatalogueColumns = ReadonlyMap<string, CatalogueColumn>;

/** Names of row-level security policies that are ours to replace. */
export const POLICY_PREFIX = 'lakeloop:';

/** A policy's name: the same for the same role and verb, and within Postgres's 63 bytes. */
export function policyName(role: string, verb: string): string {
  const name = `${POLICY_PREFIX}${verb}:${role}`;
  if (Buffer.byteLength(name) <= 63) return name;
  return `${POLICY_PREFIX}${verb}:${createHash('sha256').update(role).digest('hex').slice(0, 32)}`;
}

/** GRANT statements of one role on one table. Column names are checked against the catalogue. Throws `UnsupportedPredicate` for an unknown one. */
export function compileGrants(role: string, table: TableName, policy: TablePolicy, columns: CatalogueColumns): string[] {
  const privileges: string[] = [];
  for (const verb of ['select', 'insert', 'update'] as const) {
    const granted = policy[verb];
    if (granted) privileges.push(`${verb}${columnList(granted.columns, columns)}`);
  }
  if (policy.delete) privileges.push('delete');
  const given = privileges.filter((privilege) => !privilege.endsWith(' ()'));
  return given.length === 0 ? [] : [`grant ${given.join(', ')} on ${quoteTable(table)} to ${quoteIdentifier(role)}`];
}

/** CREATE POLICY statements of one role on one table, for a table under row-level security: a verb without a filter gets `true`. */
export function compilePolicies(role: string, table: TableName, policy: TablePolicy, columns: CatalogueColumns): string[] {
  const create = (verb: string, clauses: string): string =>
    `create policy ${quoteIdentifier(policyName(role, verb))} on ${quoteTable(table)} for ${verb} to ${quoteIdentifier(role)} ${clauses}`;
  const sql = (predicate: Predicate | undefined): string => (predicate ? compilePredicateSql(predicate, columns) : 'true');
  const statements: string[] = [];
  if (policy.select) statements.push(create('select', `using (${sql(policy.select.rows)})`));
  if (policy.insert) statements.push(create('insert', `with check (${sql(policy.insert.check)})`));
  if (policy.update) statements.push(create('update', `using (${sql(policy.update.rows)}) with check (${sql(policy.update.check ?? policy.update.rows)})`));
  if (policy.delete) statements.push(create('delete', `using (${sql(policy.delete.rows)})`));
  return statements;
}

/** Whether any verb is limited to some rows. */
export function filtersRows({ select, insert, update, delete: remove }: TablePolicy): boolean {
  return [select?.rows, insert?.check, update?.rows, update?.check, remove?.rows].some((predicate) => predicate !== undefined);
}

const OPERATOR = { eq: '=', neq: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

/**
 * A predicate as a SQL condition. Each claim is an uncorrelated sub-select, which Postgres computes once per statement, of
 * `lakeloop.claim(name, type)`, which is NULL where the claim can't be cast. Throws `UnsupportedPredicate` as `compilePredicate` does.
 */
export function compilePredicateSql(predicate: Predicate, columns: CatalogueColumns): string {
  switch (predicate.op) {
    case 'and':
    case 'or':
      return combine(predicate.op, predicate.args, columns);
    case 'not':
      return `(not ${compilePredicateSql(predicate.arg, columns)})`;
    case 'is-null':
      return `(${quoteIdentifier(find(predicate.column, columns).name)} is null)`;
    case 'in': {
      const { name, operand } = operands(predicate, columns);
      return predicate.values.length === 0 ? 'false' : `(${name} in (${predicate.values.map(operand).join(', ')}))`;
    }
    default: {
      const { name, operand } = operands(predicate, columns);
      return `(${name} ${OPERATOR[predicate.op]} ${operand(predicate.value)})`;
    }
  }
}

function combine(op: 'and' | 'or', args: readonly Predicate[], columns: CatalogueColumns): string {
  if (args.length === 0) return op === 'and' ? 'true' : 'false';
  return `(${args.map((arg) => compilePredicateSql(arg, columns)).join(` ${op} `)})`;
}

function operands(predicate: Parameters<typeof comparedType>[0], columns: CatalogueColumns): { name: string; operand: (operand: Operand) => string } {
  const type = comparedType(predicate, columnTypesOf(columns));
  const column = find(predicate.column, columns);
  const cast = castName(type, column);
  // An explicit collation: that of a sub-select or literal would otherwise quarrel with the column's.
  const collate = column.collation ? ` collate ${column.collation}` : '';
  const operand = (value: Operand): string =>
    'literal' in value
      ? `(${quoteLiteral(value.literal)}::${cast}${collate})`
      : `((select lakeloop.claim(${quoteLiteral(value.claim)}, ${quoteLiteral(formName(type, column))})::${cast})${collate})`;
  return { name: quoteIdentifier(column.name), operand };
}

/** The type that values are cast to: never with a length or precision, which would cut them. */
function castName(type: ColumnType, column: CatalogueColumn): string {
  return type.kind === 'text' ? 'pg_catalog.text' : column.sqlType;
}

/** The type as `lakeloop.claim` knows it. */
function formName(type: ColumnType, column: CatalogueColumn): string {
  if (type.kind === 'enum') return column.sqlType;
  return type.kind === 'integer' ? ({ 16: 'int2', 32: 'int4', 64: 'int8' } as const)[type.bits] : type.kind;
}

function columnList(granted: Columns, columns: CatalogueColumns): string {
  if (granted === '*') return '';
  return ` (${granted.map((name) => quoteIdentifier(find(name, columns).name)).join(', ')})`;
}

function find(name: string, columns: CatalogueColumns): CatalogueColumn {
  const column = columns.get(name);
  if (!column) throw new UnsupportedPredicate(`there is no column ${name}`, name);
  return column;
}
