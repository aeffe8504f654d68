import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Relation } from '../../catalogue/relation.ts';
import type { Routine } from '../../catalogue/routine.ts';
import { type Json, summaryOf, tableDefinition, tableParameters, tablePath } from './describe-table.ts';
import { routinePath } from './describe-routine.ts';

export interface Described {
  catalogue: Catalogue;
  schema: string;
  relations: readonly Relation[];
  routines: readonly Routine[];
  host: string;
}

const MEDIA_TYPES = ['application/json', 'application/vnd.pgrst.object+json;nulls=stripped', 'application/vnd.pgrst.object+json', 'text/csv'];

/** What the API has, in the form that PostgREST's clients read: OpenAPI 2.0. */
export function describeSchema({ catalogue, schema, relations, routines, host }: Described): Json {
  const { summary = 'Lakeloop rows', description = 'Tables, views and functions of one schema, in the dialect of PostgREST' } = summaryOf(
    catalogue.descriptions.get(schema),
  );
  const byName = catalogue.relationships.get(schema);
  return {
    swagger: '2.0',
    info: { title: summary, description, version: '1' },
    host,
    basePath: '/rest/v1',
    schemes: ['http'],
    consumes: MEDIA_TYPES,
    produces: MEDIA_TYPES,
    paths: Object.fromEntries([
      ['/', ROOT],
      ...relations.map((relation) => [`/${relation.name}`, tablePath(relation)]),
      ...routines.map((routine) => [`/rpc/${routine.name}`, routinePath(routine)]),
    ]),
    definitions: Object.fromEntries(relations.map((relation) => [relation.name, tableDefinition(relation, byName?.get(relation.name) ?? [])])),
    parameters: Object.fromEntries([...PARAMETERS, ...relations.flatMap(tableParameters)]),
    externalDocs: { description: 'The dialect', url: 'https://postgrest.org/en/stable/references/api.html' },
  };
}

const ROOT = {
  get: {
    tags: ['Introspection'],
    summary: 'OpenAPI description (this document)',
    produces: ['application/openapi+json', 'application/json'],
    responses: { 200: { description: 'OK' } },
  },
};

const COUNTS = ['count=none'];
const RETURNS = ['return=representation', 'return=minimal', 'return=none'];
const RESOLUTIONS = ['resolution=ignore-duplicates', 'resolution=merge-duplicates'];

function preference(values: readonly string[]): Json {
  return { name: 'Prefer', description: 'Preference', required: false, in: 'header', type: 'string', ...(values.length === 0 ? {} : { enum: values }) };
}

function text(name: string, description: string, place: 'query' | 'header' = 'query'): Json {
  return { name, description, required: false, in: place, type: 'string' };
}

const PARAMETERS: readonly (readonly [string, Json])[] = [
  ['preferParams', preference([])],
  ['preferReturn', preference(RETURNS)],
  ['preferCount', preference(COUNTS)],
  ['preferPost', preference([...RETURNS, ...RESOLUTIONS])],
  ['select', text('select', 'Filtering Columns')],
  ['on_conflict', text('on_conflict', 'On Conflict')],
  ['order', text('order', 'Ordering')],
  ['range', text('Range', 'Limiting and Pagination', 'header')],
  ['rangeUnit', { ...text('Range-Unit', 'Limiting and Pagination', 'header'), default: 'items' }],
  ['offset', text('offset', 'Limiting and Pagination')],
  ['limit', text('limit', 'Limiting and Pagination')],
];
