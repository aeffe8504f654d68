import { quoteIdentifier, quoteTable, type TableName } from '#libs/postgres/identifiers';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Column, Relation } from '../../catalogue/relation.ts';
import { ApiError } from '../api-error.ts';
import { Parameters } from './parameters.ts';

/** What a statement is compiled against: the relation, the alias it goes by, the catalogue it is of, and the values so far. */
export interface Scope {
  relation: Relation;
  /** Quoted; no column bears this name, so that the alias alone means the whole row. */
  alias: string;
  catalogue: Catalogue;
  parameters: Parameters;
  /** Aliases that are taken in the statement. */
  aliases: { count: number };
  /** The SQL that is null where an embedded resource has no row, by the name that the request knows it by. */
  embedded: Map<string, string>;
}

export function openScope(relation: Relation, catalogue: Catalogue): Scope {
  const aliases = { count: 0 };
  return { relation, alias: aliasOf(relation, '_t'), catalogue, parameters: new Parameters(), aliases, embedded: new Map() };
}

/** Of an embedded relation: the same statement, an alias of its own. */
export function innerScope({ catalogue, parameters, aliases }: Scope, relation: Relation): Scope {
  aliases.count += 1;
  return { relation, alias: aliasOf(relation, `_t${aliases.count}`), catalogue, parameters, aliases, embedded: new Map() };
}

/** A quoted alias that no other part of the statement has. */
export function freshAlias({ aliases }: Scope, prefix: string): string {
  aliases.count += 1;
  return quoteIdentifier(`${prefix}${aliases.count}`);
}

/** What stands after FROM for a relation. */
export function sourceSql({ catalogue, parameters }: Pick<Scope, 'catalogue' | 'parameters'>, table: TableName): string {
  return catalogue.past?.source(table, (value, type) => parameters.cast(value, type)) ?? quoteTable(table);
}

function aliasOf(relation: Relation, wanted: string): string {
  let alias = wanted;
  while (relation.columns.has(alias)) alias += '_';
  return quoteIdentifier(alias);
}

/** The column, or PostgreSQL's own complaint about it: 400, 42703. */
export function columnOf({ relation }: Pick<Scope, 'relation'>, name: string): Column {
  const column = relation.columns.get(name) ?? relation.computed.get(name)?.column;
  if (column) return column;
  throw new UnknownColumn(400, '42703', `column ${relation.name}.${name} does not exist`);
}

/** A column of a request body, `columns` or `on_conflict` that the table does not have: 400, PGRST204. */
export function bodyColumnOf({ relation }: Scope, name: string): Column {
  const column = relation.columns.get(name);
  if (!column) throw new UnknownColumn(400, 'PGRST204', `Could not find the '${name}' column of '${relation.name}' in the schema cache`);
  return column;
}

/** Told apart from other refusals because a newer catalogue may know the name. */
export class UnknownColumn extends ApiError {}

/** `"_t"."column"`, or a computed column's function called with the row. */
export function columnSql({ alias, relation }: Scope, name: string): string {
  const computed = relation.columns.has(name) ? undefined : relation.computed.get(name);
  return computed ? `${computed.sql}(${rowSql({ alias, relation })})` : `${alias}.${quoteIdentifier(name)}`;
}

/** The whole row, with its type: a function's name may be another's too, and a function's rows may have lost theirs. */
export function rowSql({ alias, relation }: Pick<Scope, 'alias' | 'relation'>): string {
  return relation.sql === '' ? alias : `${alias}::${relation.sql}`;
}
