import type { TableName } from '#libs/postgres/identifiers';
import { type Catalogue, findRelation } from '../../catalogue/catalogue.ts';
import type { Relation } from '../../catalogue/relation.ts';
import type { Relationship } from '../../catalogue/relationship.ts';
import type { Embed } from '../query/row-query.ts';
import { ambiguousRelationship, matchingRelationships, noRelationship } from './match-relationship.ts';

/** An embedded resource and how it is reached. */
export interface Plan {
  embed: Embed;
  /** What the request knows it by. */
  name: string;
  relationship: Relationship;
  relation: Relation;
  plans: readonly Plan[];
}

/** Finds each embedded resource's relationship: 400 PGRST200 without one, 300 PGRST201 when the request fits several. */
export function planEmbeds(catalogue: Catalogue, origin: TableName, embeds: readonly Embed[]): Plan[] {
  return embeds.map((embed) => planEmbed(catalogue, origin, embed));
}

/** Whether Postgres itself has a way from the relation to what is embedded. */
export function isRelated(catalogue: Catalogue, origin: TableName, embed: Embed): boolean {
  return matchingRelationships(catalogue, origin, embed).length > 0;
}

function planEmbed(catalogue: Catalogue, origin: TableName, embed: Embed): Plan {
  const found = matchingRelationships(catalogue, origin, embed);
  if (found.length > 1) throw ambiguousRelationship(origin, embed, found);
  const [relationship] = found;
  const relation = relationship && findRelation(catalogue, relationship.to.schema, relationship.to.name);
  if (!relationship || !relation) throw noRelationship(catalogue, origin, embed);
  return { embed, name: embed.alias ?? embed.relation, relationship, relation, plans: planEmbeds(catalogue, relation, embed.query.embeds) };
}
