import { type Catalogue, findRelation, nearestRelation } from '../catalogue/catalogue.ts';
import type { Relation } from '../catalogue/relation.ts';
import { ApiError } from './api-error.ts';
import { splitQueryString } from './query/query-string.ts';
import { isRead, type RowRequest } from './row-request.ts';

/** The schema that the request's profile header names; the first exposed one without it. 406 PGRST106 for any other. */
export function schemaOf(schemas: readonly string[], { method, headers }: RowRequest): string {
  const profile = headers[isRead(method) ? 'accept-profile' : 'content-profile'];
  if (profile === undefined) return schemas[0] as string;
  if (schemas.includes(profile)) return profile;
  throw new ApiError(406, 'PGRST106', `Invalid schema: ${profile}`, { hint: `Only the following schemas are exposed: ${schemas.join(', ')}` });
}

/** The schema that the profile header names, whether exposed or not; the first exposed one without it. */
export function profileOf(schemas: readonly string[], { method, headers }: RowRequest): string {
  return headers[isRead(method) ? 'accept-profile' : 'content-profile'] ?? (schemas[0] as string);
}

/** 405, as PostgreSQL answers a write in a read-only place (25006). */
export function readOnly(schema: string, table: string): ApiError {
  return new ApiError(405, '25006', `'${schema}.${table}' lies in the lakehouse, which this API only reads`, {
    hint: 'Write the governed table that it comes from, or load it through a flow.',
    headers: { allow: 'GET, HEAD' },
  });
}

/** The table or view; undefined when this catalogue has none of that name. */
export function relationOf(catalogue: Catalogue, schema: string, table: string): Relation | undefined {
  return findRelation(catalogue, schema, table);
}

/** 404 PGRST205, with the nearest name as a hint. */
export function unknownTable(catalogue: Catalogue, schema: string, table: string): ApiError {
  const near = nearestRelation(catalogue, schema, table);
  return new ApiError(
    404,
    'PGRST205',
    `Could not find the table '${schema}.${table}' in the schema cache`,
    near === undefined ? {} : { hint: `Perhaps you meant the table '${schema}.${near}'` },
  );
}

/** 400 PGRST200, as PostgREST answers a name that no relationship leads to. */
export function unknownRelationship(table: string, related: string): ApiError {
  return new ApiError(400, 'PGRST200', `Could not find a relationship between '${table}' and '${related}' in the schema cache`);
}

/** Where a read is to be had again: the same, whatever the order of its parameters. */
export function contentLocation({ table, queryString }: RowRequest): string {
  const path = `/rest/v1/${encodeURIComponent(table)}`;
  if (queryString === '') return path;
  const pairs = splitQueryString(queryString).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `${path}?${pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')}`;
}
