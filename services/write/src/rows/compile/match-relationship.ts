import type { TableName } from '#libs/postgres/identifiers';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { nearestName } from '../../catalogue/nearest-name.ts';
import type { JunctionRelationship, KeyRelationship, Relationship } from '../../catalogue/relationship.ts';
import { ApiError } from '../api-error.ts';
import type { Embed } from '../query/row-query.ts';

/** Relationships from `origin` that the embedded resource's name and hint fit. Only those within one schema are reached. */
export function matchingRelationships(catalogue: Catalogue, origin: TableName, embed: Embed): Relationship[] {
  return relationshipsOf(catalogue, origin).filter((relationship) => fits(relationship, embed));
}

function relationshipsOf({ relationships }: Catalogue, { schema, name }: TableName): Relationship[] {
  return (relationships.get(schema)?.get(name) ?? []).filter(({ to }) => to.schema === schema).toSorted(byTarget);
}

/** Answers about several are the same from load to load. */
function byTarget(a: Relationship, b: Relationship): number {
  const key = (relationship: Relationship): string => `${relationship.to.name} ${cardinalityRank[relationship.kind]} ${hintFor(relationship)}`;
  return key(a) < key(b) ? -1 : 1;
}

const cardinalityRank = { 'one-to-many': 0, 'many-to-one': 1, 'one-to-one': 2, 'many-to-many': 3, computed: 4 } as const;

function fits(relationship: Relationship, { relation, hint }: Embed): boolean {
  if (relationship.kind === 'computed') return relationship.name === relation;
  if (isSelf(relationship)) return fitsSelf(relationship, relation, hint);
  const byName = relationship.to.name === relation;
  if (hint !== undefined) return byName && fitsHint(relationship, hint);
  return (
    byName || (relationship.kind !== 'many-to-many' && !relationship.toView && (relationship.constraint === relation || ownColumn(relationship) === relation))
  );
}

/** The key itself, its only column on either side, or the table of pairs. */
function fitsHint(relationship: KeyRelationship | JunctionRelationship, hint: string): boolean {
  if (relationship.kind === 'many-to-many') return relationship.junction.name === hint;
  return relationship.constraint === hint || ownColumn(relationship) === hint || otherColumn(relationship) === hint;
}

/** One key leads both ways between rows of a table: by the table's name down to the many, by the column's name up to the one. */
function fitsSelf(relationship: KeyRelationship | JunctionRelationship, name: string, hint: string | undefined): boolean {
  if (hint !== undefined) return relationship.to.name === name && relationship.kind === 'one-to-many' && otherColumn(relationship) === hint;
  if (relationship.kind === 'one-to-many') return relationship.to.name === name;
  return relationship.kind === 'many-to-one' && ownColumn(relationship) === name;
}

function isSelf({ from, to }: Relationship): boolean {
  return from.schema === to.schema && from.name === to.name;
}

function ownColumn({ columns }: KeyRelationship): string | undefined {
  return columns.length === 1 ? columns[0]?.[0] : undefined;
}

function otherColumn({ columns }: KeyRelationship): string | undefined {
  return columns.length === 1 ? columns[0]?.[1] : undefined;
}

/** 300 PGRST201, with each way and how to ask for it. */
export function ambiguousRelationship(origin: TableName, { relation }: Embed, found: readonly Relationship[]): ApiError {
  const choices = found.map((relationship) => `'${relationship.to.name}!${hintFor(relationship)}'`).join(', ');
  return new ApiError(300, 'PGRST201', `Could not embed because more than one relationship was found for '${origin.name}' and '${relation}'`, {
    details: found.flatMap((relationship) => (relationship.kind === 'computed' ? [] : [described(relationship)])),
    hint: `Try changing '${relation}' to one of the following: ${choices}. Find the desired relationship in the 'details' key.`,
  });
}

function hintFor(relationship: Relationship): string {
  if (relationship.kind === 'computed') return relationship.name;
  return relationship.kind === 'many-to-many' ? relationship.junction.name : relationship.constraint;
}

function described(relationship: KeyRelationship | JunctionRelationship): Record<string, string> {
  const { from, to, kind } = relationship;
  const list = (names: readonly string[]): string => `(${names.join(', ')})`;
  const how =
    relationship.kind === 'many-to-many'
      ? `${relationship.junction.name} using ${relationship.constraints[0]}${list(relationship.ownColumns.map(([, column]) => column))} and ${relationship.constraints[1]}${list(relationship.otherColumns.map(([, column]) => column))}`
      : `${relationship.constraint} using ${from.name}${list(relationship.columns.map(([own]) => own))} and ${to.name}${list(relationship.columns.map(([, other]) => other))}`;
  return { cardinality: kind, relationship: how, embedding: `${from.name} with ${to.name}` };
}

/** 400 PGRST200, with the nearest name where one is near. */
export function noRelationship(catalogue: Catalogue, origin: TableName, { relation, hint }: Embed): ApiError {
  const near = nearest(catalogue, origin, relation);
  const using = hint === undefined ? '' : ` using the hint '${hint}'`;
  return new ApiError(400, 'PGRST200', `Could not find a relationship between '${origin.name}' and '${relation}' in the schema cache`, {
    details: `Searched for a foreign key relationship between '${origin.name}' and '${relation}'${using} in the schema '${origin.schema}', but no matches were found.`,
    hint: near === undefined ? null : `Perhaps you meant '${near.name}' instead of '${near.of}'.`,
  });
}

/** Of what can be reached from the origin. A name that is right has nothing nearer. */
function nearest(catalogue: Catalogue, origin: TableName, relation: string): { name: string; of: string } | undefined {
  const targets = new Set(relationshipsOf(catalogue, origin).map(({ to }) => to.name));
  const name = targets.has(relation) ? undefined : nearestName([...targets], relation);
  return name === undefined ? undefined : { name, of: relation };
}
