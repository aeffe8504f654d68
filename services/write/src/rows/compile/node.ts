import { ApiError } from '../api-error.ts';
import type { Condition, Field, OrderItem, RowQuery, SelectItem } from '../query/row-query.ts';
import { isEverything, isGrouped, outputName } from '../query/select-names.ts';
import { notEmbedded } from '../query/parse-row-query.ts';
import { type CompiledEmbed, compileEmbed } from './embed.ts';
import { compileSelect, orderSql, orderSqls, outputSql, selectOutputs } from './expression.ts';
import type { Compile, Node, Parts } from './parts.ts';
import type { Plan } from './plan.ts';
import type { Scope } from './scope.ts';
import { conditionsSql } from './where.ts';

/** Without anything embedded the list stays as short as the request's: it is parsed and planned for every request. */
export function compileNode(scope: Scope, asked: RowQuery, plans: readonly Plan[]): Node {
  const query = withCount(scope, asked);
  const grouped = isGrouped(query.select);
  if (plans.length > 0 || grouped) return compileOutputs(scope, query, plans);
  for (const { relation } of query.order) if (relation !== undefined) throw notEmbedded(relation);
  const orders = orderSqls(scope, query.order);
  return {
    list: compileSelect(scope, query.select),
    names: namesOf(scope, query),
    joins: '',
    conditions: conditionsSql(scope, query.conditions),
    grouped: false,
    groupBy: '',
    order: orderSql(query.order, orders),
    orders,
    restricts: false,
  };
}

function namesOf({ relation }: Scope, { select }: RowQuery): string[] {
  const columns = [...relation.columns.keys()];
  return select === null ? columns : select.flatMap((item) => (isEverything(item) ? columns : [outputName(item)]));
}

function compileOutputs(scope: Scope, query: RowQuery, plans: readonly Plan[]): Node {
  const { outputs, ...parts } = compileParts(scope, query, plans);
  const grouped = outputs.some(({ aggregate }) => aggregate !== undefined);
  const places = outputs.flatMap(({ aggregate }, index) => (aggregate ? [] : [index + 1]));
  return {
    ...parts,
    list: outputs.map((output) => outputSql(scope, output)).join(', '),
    names: outputs.map(({ name }) => name),
    grouped,
    groupBy: grouped && places.length > 0 ? ` group by ${places.join(', ')}` : '',
  };
}

/** The same before the list is written: a spread resource's values become its parent's. */
export function compileParts(scope: Scope, asked: RowQuery, plans: readonly Plan[]): Parts {
  const query = withCount(scope, asked);
  const ordered = relatedOrders(scope, query.order, plans);
  const embeds = plans.map((plan) =>
    compileEmbed(
      COMPILE,
      scope,
      plan,
      (ordered.get(plan) ?? []).map(({ field }) => field),
    ),
  );
  for (const { name, presence } of embeds) if (!scope.embedded.has(name)) scope.embedded.set(name, presence);
  const own = selectOutputs(scope, query.select);
  const outputs = [...own, ...embeds.flatMap(({ outputs: values }) => values)];
  // JSON has no equality to group by.
  const grouped = outputs.some(({ aggregate }) => aggregate !== undefined);
  const conditions = conditionsSql(scope, query.conditions);
  const orders = orderSqls(scope, query.order, relatedSqls(plans, embeds, ordered));
  return {
    outputs: grouped ? outputs.map((output) => (output.json === true ? { ...output, sql: `(${output.sql})::pg_catalog.jsonb` } : output)) : outputs,
    joins: embeds.map(({ join }) => join).join(''),
    conditions,
    order: orderSql(query.order, orders),
    orders,
    restricts: plans.some(({ embed, name }) => embed.join === 'inner' || mentions(query.conditions, name)),
  };
}

/** `count` alone counts rows, as it did before aggregates had brackets, unless it is a column. */
function withCount({ relation }: Scope, query: RowQuery): RowQuery {
  const bare = ({ field, aggregate }: SelectItem): boolean => field.column === 'count' && field.path.length === 0 && !aggregate;
  if (query.select === null || !query.select.some(bare) || relation.columns.has('count') || relation.computed.has('count')) return query;
  return { ...query, select: query.select.map((item) => (bare(item) ? { ...item, field: ROWS, aggregate: { name: 'count' } } : item)) };
}

const ROWS: Field = { column: '*', path: [] };

function mentions(conditions: readonly Condition[], name: string): boolean {
  return conditions.some((condition) => (condition.kind === 'filter' ? condition.field.column === name : mentions(condition.conditions, name)));
}

/** Which items are ordered by a field of which embedded resource: 400 PGRST108 for none, PGRST118 for one with many rows. */
function relatedOrders({ relation }: Scope, order: readonly OrderItem[], plans: readonly Plan[]): Map<Plan, OrderItem[]> {
  const ordered = new Map<Plan, OrderItem[]>();
  for (const item of order) {
    if (item.relation === undefined) continue;
    const plan = plans.find(({ name }) => name === item.relation);
    if (!plan) throw notEmbedded(item.relation);
    if (!plan.relationship.toOne)
      throw new ApiError(400, 'PGRST118', `A related order on '${item.relation}' is not possible`, {
        details: `'${relation.name}' and '${item.relation}' do not form a many-to-one or one-to-one relationship`,
      });
    ordered.set(plan, [...(ordered.get(plan) ?? []), item]);
  }
  return ordered;
}

function relatedSqls(plans: readonly Plan[], embeds: readonly CompiledEmbed[], ordered: ReadonlyMap<Plan, OrderItem[]>): Map<OrderItem, string> {
  return new Map(plans.flatMap((plan, index) => (ordered.get(plan) ?? []).map((item, place) => [item, embeds[index]?.orders[place] ?? ''] as const)));
}

const COMPILE: Compile = { node: compileNode, parts: compileParts };
