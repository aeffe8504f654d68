import type { TableName } from '#libs/postgres/identifiers';
import { type Catalogue, findRelation } from '../catalogue/catalogue.ts';
import type { Relation } from '../catalogue/relation.ts';
import { ApiError } from './api-error.ts';
import { type Plan, planEmbeds } from './compile/plan.ts';
import { UnknownColumn } from './compile/scope.ts';
import type { PastLayer, PastTables } from './past-layer.ts';
import type { RowQuery } from './query/row-query.ts';
import { isEverything } from './query/select-names.ts';
import type { RowAnswer } from './row-request.ts';

export interface PastWork {
  catalogue: Catalogue;
  relation: Relation;
}

/** What a read is compiled against where it asks for a moment: the tables it names, as they were. */
export async function pastOf(layer: PastLayer, { catalogue, relation }: PastWork, query: RowQuery, role: string): Promise<PastWork & { past: PastTables }> {
  const plans = planEmbeds(catalogue, relation, query.embeds);
  const past = await layer.at(query.asOf ?? '', role, tablesOf(catalogue, relation, plans));
  requireReadable(past, relation, query, plans);
  const relations = new Map([...catalogue.relations].map(([schema, named]) => [schema, new Map(named)]));
  const then = { ...catalogue, relations, past };
  const shown = [relation, ...relationsOf(plans)].map((each) => asItWas(past, each));
  for (const each of shown) relations.get(each.schema)?.set(each.name, each);
  return { catalogue: then, relation: shown[0] as Relation, past };
}

/** The answer tells which moment it shows. */
export function ofMoment(answer: RowAnswer, { at, version }: PastTables): RowAnswer {
  return { ...answer, headers: { ...answer.headers, 'lakeloop-as-of': `${at}; version=${version}` } };
}

/** A column that was asked for and that the role may not see is none of the past's: say what PostgreSQL would. */
export function hiddenColumn(error: unknown, past: PastTables, { name, schema }: Relation): unknown {
  return error instanceof UnknownColumn && !past.readsAll({ schema, name }) ? denied(name) : error;
}

export function noPast(what: string, hint = 'Leave asOf out.'): ApiError {
  return new ApiError(400, 'PGRST127', `${what} can't be read as of a moment`, { hint });
}

function relationsOf(plans: readonly Plan[]): Relation[] {
  return plans.flatMap(({ relation, plans: inner }) => [relation, ...relationsOf(inner)]);
}

function tablesOf(catalogue: Catalogue, relation: Relation, plans: readonly Plan[]): TableName[] {
  requirePast(relation);
  return [relation, ...plans.flatMap((plan) => embedded(catalogue, plan))];
}

function embedded(catalogue: Catalogue, { relationship, relation, plans }: Plan): TableName[] {
  if (relationship.kind === 'computed') throw noPast(`'${relationship.name}', which a function computes from today's rows,`);
  const junction = relationship.kind === 'many-to-many' ? [relationship.junction] : [];
  for (const { schema, name } of junction) {
    const known = findRelation(catalogue, schema, name);
    if (known) requirePast(known);
  }
  return [...junction, ...tablesOf(catalogue, relation, plans)];
}

function requirePast({ kind, audited, schema, name }: Relation): void {
  if (kind !== 'r' && kind !== 'p') throw noPast(`'${name}', which is no table,`, 'Read the tables that it shows.');
  if (!audited) throw noPast(`'${schema}.${name}', which is not adopted,`, 'A table has a past from its adoption on.');
}

/** Functions over the row would see what other tables are today. */
function asItWas(past: PastTables, relation: Relation): Relation {
  const columns = past.columnsOf(relation).flatMap((name) => {
    const column = relation.columns.get(name);
    return column ? [[name, column] as const] : [];
  });
  return { ...relation, columns: new Map(columns), computed: new Map() };
}

/** `*` is every column: as in PostgreSQL it is refused to a role that may not select them all. */
function requireReadable(past: PastTables, relation: Relation, { select }: RowQuery, plans: readonly Plan[]): void {
  if ((select === null || select.some(isEverything)) && !past.readsAll(relation)) throw denied(relation.name);
  for (const plan of plans) requireReadable(past, plan.relation, plan.embed.query, plan.plans);
}

function denied(name: string): ApiError {
  return new ApiError(403, '42501', `permission denied for table ${name}`);
}
