import { ProblemException } from '#libs/runtime/http/problem';
import type { CatalogueCache } from './catalogue/catalogue-cache.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import type { Relation } from './catalogue/relation.ts';

/** The catalogue, for what needs our schema: 503 before it is loaded, 501 where our schema is not installed. */
export function governedCatalogue({ current }: CatalogueCache): Catalogue {
  if (!current) throw new ProblemException(503, 'dependency-unavailable', 'the catalogue has not been loaded yet');
  if (current.governed) return current;
  throw new ProblemException(501, 'unsupported', 'the lakeloop schema is not installed here', { hint: 'Run lakeloop init.' });
}

/** A table or view of an exposed schema, the first where none is named; 404 where there is none. */
export async function governedRelation(cache: CatalogueCache, { schema, name }: { schema: string | undefined; name: string }): Promise<Relation> {
  const { schemas } = governedCatalogue(cache);
  const home = schema ?? schemas[0] ?? '';
  const found = schemas.includes(home) ? await cache.find(home, name) : undefined;
  if (found) return found.relation;
  throw new ProblemException(404, 'unknown-table', `there is no table ${home}.${name}`);
}
