import { quoteIdentifier } from '#libs/postgres/identifiers';
import { ApiError } from '../api-error.ts';
import type { Field } from '../query/row-query.ts';
import { compileField, type Output, valueSql } from './expression.ts';
import type { Compile } from './parts.ts';
import type { Plan } from './plan.ts';
import { freshAlias, innerScope, rowSql, type Scope, sourceSql } from './scope.ts';

/** An embedded resource as a lateral join of its parent's. */
export interface CompiledEmbed {
  name: string;
  join: string;
  /** What it adds to its parent's row. */
  outputs: readonly Output[];
  /** Null where there is no row of it. */
  presence: string;
  /** The SQL of fields that the parent is ordered by. */
  orders: readonly string[];
}

export function compileEmbed(compile: Compile, parent: Scope, plan: Plan, orders: readonly Field[]): CompiledEmbed {
  const alias = freshAlias(parent, '_e');
  const scope = innerScope(parent, plan.relation);
  const work: Work = { compile, parent, scope, plan, alias, orders };
  const made = plan.embed.spread === true ? spread(work) : nested(work);
  const inner = plan.embed.join === 'inner';
  return {
    name: plan.name,
    join: ` ${inner ? 'inner' : 'left'} join lateral (${made.sql}) as ${alias} on ${inner ? `${made.presence} is not null` : 'true'}`,
    outputs: made.outputs,
    presence: made.presence,
    orders: orders.map((field, index) => made.outputs.find((output) => isSpreadOf(plan, output, field))?.sql ?? `${alias}."o${index}"`),
  };
}

/** A spread value goes by its name in the answer. */
function isSpreadOf({ embed }: Plan, { name, aggregate }: Output, { column, path }: Field): boolean {
  return embed.spread === true && aggregate === undefined && path.length === 0 && name === column;
}

interface Work {
  compile: Compile;
  parent: Scope;
  scope: Scope;
  plan: Plan;
  alias: string;
  orders: readonly Field[];
}

interface Made {
  sql: string;
  outputs: Output[];
  presence: string;
}

/** An object, or a list of objects, under the resource's name. */
function nested(work: Work): Made {
  const { compile, scope, plan, alias } = work;
  const { embed, name, relationship } = plan;
  const node = compile.node(scope, embed.query, plan.plans);
  const value = `${alias}."v"`;
  const outputs = showsNothing(plan) ? [] : [{ name, sql: relationship.toOne ? value : `coalesce(${value}, '[]')`, json: true }];
  const where = whereSql(work, node.conditions);
  const page = pageSql(work);
  const from = `${fromSql(work)}${node.joins}${where}`;
  if (relationship.toOne && !node.grouped) {
    const row = `(select pg_catalog.row_to_json(_x.*) from (select ${node.list}) _x)`;
    return { sql: `select ${row} as "v"${orderColumns(work)} ${from}${node.order}${page}`, outputs, presence: value };
  }
  const rows = `select ${node.list} ${from}${node.groupBy}${node.order}${page}`;
  return { sql: `select pg_catalog.${relationship.toOne ? 'row_to_json' : 'json_agg'}(_x.*) as "v" from (${rows}) _x`, outputs, presence: value };
}

/** An embedded list without columns, all the way down: it is there for its filters. */
function showsNothing({ embed, plans }: Plan): boolean {
  return embed.query.select !== null && embed.query.select.length === 0 && plans.every(showsNothing);
}

/**
 * Its values in place of the resource itself. To one: each value as it is, and an aggregate is the parent's to compute, over its own rows. To many: each
 * value as a list, all in the same order.
 */
function spread(work: Work): Made {
  const { compile, scope, plan, alias } = work;
  const parts = compile.parts(scope, plan.embed.query, plan.plans);
  const column = (index: number): string => quoteIdentifier(`c${index}`);
  const from = `${fromSql(work)}${parts.joins}${whereSql(work, parts.conditions)}`;
  const presence = `${alias}."found"`;
  if (plan.relationship.toOne) {
    const list = parts.outputs.map(({ sql }, index) => `, ${sql === '*' ? 'true' : sql} as ${column(index)}`).join('');
    const outputs = parts.outputs.map((output, index) => ({ ...output, sql: `${alias}.${column(index)}` }));
    return { sql: `select true as "found"${list}${orderColumns(work)} ${from}${parts.order}${pageSql(work)}`, outputs, presence };
  }
  if (parts.outputs.some(({ aggregate }) => aggregate !== undefined))
    throw new ApiError(400, 'PGRST127', 'Feature not implemented', {
      details: 'Aggregates are not implemented for one-to-many or many-to-many spreads.',
    });
  const list = parts.outputs.map((output, index) => `${valueSql(scope, output)} as ${column(index)}`).join(', ');
  const lists = parts.outputs.map((_output, index) => `, pg_catalog.json_agg(_x.${column(index)}) as ${column(index)}`).join('');
  const outputs = parts.outputs.map(({ name }, index) => ({ name, sql: `coalesce(${alias}.${column(index)}, '[]')`, json: true }));
  const rows = `select ${list} ${from}${parts.order}${pageSql(work)}`;
  return { sql: `select case when pg_catalog.count(*) > 0 then true end as "found"${lists} from (${rows}) _x`, outputs, presence };
}

/** What the select list names so, where the relation itself has no such column. */
export function aliasedField({ relation, embed }: Plan, field: Field): Field {
  if (relation.columns.has(field.column) || relation.computed.has(field.column)) return field;
  return (embed.query.select ?? []).find(({ alias }) => alias === field.column)?.field ?? field;
}

function orderColumns({ scope, plan, orders }: Work): string {
  return orders.map((field, index) => `, ${compileField(scope, aliasedField(plan, field)).sql} as "o${index}"`).join('');
}

function fromSql({ parent, scope, plan: { relationship, relation } }: Work): string {
  if (relationship.kind === 'computed') return `from ${relationship.sql}(${rowSql(parent)}) as ${scope.alias}`;
  const from = `from ${sourceSql(scope, relation)} as ${scope.alias}`;
  return relationship.kind === 'many-to-many' ? `${from} cross join ${sourceSql(scope, relationship.junction)} as "${JUNCTION}"` : from;
}

const JUNCTION = '_j';

/** The join's own conditions come first. */
function whereSql(work: Work, conditions: readonly string[]): string {
  const all = [...joinConditions(work), ...conditions];
  return all.length === 0 ? '' : ` where ${all.join(' and ')}`;
}

function joinConditions({ parent, scope, plan: { relationship } }: Work): string[] {
  if (relationship.kind === 'computed') return [];
  const at = (alias: string, name: string): string => `${alias}.${quoteIdentifier(name)}`;
  if (relationship.kind !== 'many-to-many') return relationship.columns.map(([own, other]) => `${at(scope.alias, other)} = ${at(parent.alias, own)}`);
  return [
    ...relationship.ownColumns.map(([own, junction]) => `${at(`"${JUNCTION}"`, junction)} = ${at(parent.alias, own)}`),
    ...relationship.otherColumns.map(([other, junction]) => `${at(scope.alias, other)} = ${at(`"${JUNCTION}"`, junction)}`),
  ];
}

function pageSql({ scope, plan: { embed } }: Work): string {
  const bound = (word: string, value: number): string => ` ${word} ${scope.parameters.cast(String(value), 'pg_catalog.int8')}`;
  const { limit, offset } = embed.query;
  return `${limit === null ? '' : bound('limit', limit)}${offset === 0 ? '' : bound('offset', offset)}`;
}
