import { quoteIdentifier } from '#libs/postgres/identifiers';
import type { Column, Relation } from '../../catalogue/catalogue.ts';
import { ApiError } from '../api-error.ts';
import { Parameters } from './parameters.ts';

/** What a statement is compiled against: the relation, the alias it goes by, the types casts may name, and the values so far. */
export interface Scope {
  relation: Relation;
  /** Quoted; no column bears this name, so that the alias alone means the whole row. */
  alias: string;
  types: ReadonlyMap<string, string>;
  parameters: Parameters;
}

export function openScope(relation: Relation, types: ReadonlyMap<string, string>): Scope {
  let alias = '_t';
  while (relation.columns.has(alias)) alias += '_';
  return { relation, alias: quoteIdentifier(alias), types, parameters: new Parameters() };
}

/** The column, or PostgreSQL's own complaint about it: 400, 42703. */
export function columnOf({ relation }: Scope, name: string): Column {
  const column = relation.columns.get(name);
  if (!column) throw new UnknownColumn(400, '42703', `column ${relation.name}.${name} does not exist`);
  return column;
}

/** A column of a request body, `columns` or `on_conflict` that the table does not have: 400, PGRST204. */
export function bodyColumnOf({ relation }: Scope, name: string): Column {
  const column = relation.columns.get(name);
  if (!column) throw new UnknownColumn(400, 'PGRST204', `Could not find the '${name}' column of '${relation.name}' in the schema cache`);
  return column;
}

/** Told apart from other refusals because a newer catalogue may know the name. */
export class UnknownColumn extends ApiError {}

/** `"_t"."column"` */
export function columnSql({ alias }: Scope, name: string): string {
  return `${alias}.${quoteIdentifier(name)}`;
}
