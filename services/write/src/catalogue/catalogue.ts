import type { TableName } from '#libs/postgres/identifiers';
import type { MediaHandler } from './media-handlers.ts';
import { nearestName } from './nearest-name.ts';
import type { Relation } from './relation.ts';
import type { Relationship } from './relationship.ts';
import type { Routine } from './routine.ts';

/** What the exposed schemas held at one moment. Immutable. */
export interface Catalogue {
  /** Exposed schemas; the first is the default. */
  schemas: readonly string[];
  /** `schema` → `name` → relation. */
  relations: ReadonlyMap<string, ReadonlyMap<string, Relation>>;
  /** Of each relation, `schema` → `name` → those that lead from it to relations of the exposed schemas. */
  relationships: ReadonlyMap<string, ReadonlyMap<string, readonly Relationship[]>>;
  /** `schema` → `name` → its overloads, those with fewest parameters first. */
  routines: ReadonlyMap<string, ReadonlyMap<string, readonly Routine[]>>;
  /** Ways to write rows as a media type that the database itself defines. */
  mediaHandlers: readonly MediaHandler[];
  /** Lower-case type name as a cast may spell it → complete SQL of the type. */
  types: ReadonlyMap<string, string>;
  /** Comments of the exposed schemas. */
  descriptions: ReadonlyMap<string, string>;
  /** Whether our schema is there and this login may open governed transactions. Without: plain grants, no audit, no idempotency keys. */
  governed: boolean;
  /** Grows with each load, so that what was derived from an older one can be told apart. */
  version: number;
  /** Where tables are read as they were. */
  past?: Past;
}

/** Tables as of one moment. */
export interface Past {
  /** The table as a FROM item, in parentheses. `bind` adds a value and gives its SQL. */
  source(table: TableName, bind: (value: string | null, type: string) => string): string;
}

export function findRelation(catalogue: Catalogue, schema: string, name: string): Relation | undefined {
  return catalogue.relations.get(schema)?.get(name);
}

/** The name nearest to `name` in the schema, for a hint; undefined when nothing is near. */
export function nearestRelation(catalogue: Catalogue, schema: string, name: string): string | undefined {
  return nearestName([...(catalogue.relations.get(schema)?.keys() ?? [])], name, 0.75);
}
