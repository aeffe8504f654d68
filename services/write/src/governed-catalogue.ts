import { ProblemException } from '#libs/runtime/http/problem';
import type { CatalogueCache } from './catalogue/catalogue-cache.ts';
import type { Catalogue } from './catalogue/catalogue.ts';

/** The catalogue, for what needs our schema: 503 before it is loaded, 501 where our schema is not installed. */
export function governedCatalogue({ current }: CatalogueCache): Catalogue {
  if (!current) throw new ProblemException(503, 'dependency-unavailable', 'the catalogue has not been loaded yet');
  if (current.governed) return current;
  throw new ProblemException(501, 'unsupported', 'the lakeloop schema is not installed here', { hint: 'Run lakeloop init.' });
}
