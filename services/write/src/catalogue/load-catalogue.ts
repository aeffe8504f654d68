import type pg from 'pg';
import { transaction } from '#libs/postgres/transaction';
import type { Catalogue } from './catalogue.ts';
import type { Column } from './relation.ts';
import { attachRepresentations, loadMediaHandlers } from './load-domains.ts';
import { loadRelations, type Relations } from './load-relations.ts';
import { loadRelationships } from './load-relationships.ts';
import { attachComputedColumns, loadRoutines } from './load-routines.ts';
import type { Routine } from './routine.ts';
import { loadTypes } from './load-types.ts';

/** Our schema is there, and this login is a service login. */
const GOVERNED = `
  select pg_catalog.to_regprocedure('lakeloop.await_key(bigint)') is not null
    and exists (select from pg_catalog.pg_auth_members m where m.member = (select r.oid from pg_catalog.pg_roles r where r.rolname = session_user)
      and m.roleid = (select r.oid from pg_catalog.pg_roles r where r.rolname = 'lakeloop_service')) as governed,
    pg_catalog.to_regclass('lakeloop.adopted') is not null as adopts`;

const ADOPTED = 'select root::pg_catalog.oid::pg_catalog.text as root from lakeloop.adopted';

const DESCRIPTIONS = `
  select n.nspname as schema, pg_catalog.obj_description(n.oid, 'pg_namespace') as description
  from pg_catalog.pg_namespace n where n.nspname = any($1) and pg_catalog.obj_description(n.oid, 'pg_namespace') is not null`;

/** Which schemas count. */
export interface CatalogueSchemas {
  exposed: readonly string[];
  /** Those whose functions and types are found without a schema's name. */
  searched: readonly string[];
}

/**
 * Reads the catalogue of the exposed schemas; needs no privilege. The search path is empty meanwhile, so that what PostgreSQL spells out (defaults, types)
 * means the same under any other.
 */
export function loadCatalogue(pool: pg.Pool, schemas: CatalogueSchemas, version: number): Promise<Catalogue> {
  return transaction(pool, (client) => load(client, schemas, version), `begin read only; set local search_path to ''`);
}

async function load(client: pg.PoolClient, { exposed, searched }: CatalogueSchemas, version: number): Promise<Catalogue> {
  const { rows: states } = await client.query<{ governed: boolean; adopts: boolean }>(GOVERNED);
  const adopted = states[0]?.adopts ? (await client.query<{ root: string }>(ADOPTED)).rows.map(({ root }) => root) : [];
  const governed = states[0]?.governed === true;
  const views = await loadRelationships(client, exposed, governed);
  const relations = await loadRelations(client, exposed, adopted, views.viewKeys);
  const routines = await loadRoutines(client, exposed, relations);
  await attachComputedColumns(client, relations, [...exposed, ...searched], governed);
  await attachRepresentations(client, columnsOf(relations, routines));
  const descriptions = await client.query<{ schema: string; description: string }>(DESCRIPTIONS, [exposed]);
  return {
    schemas: exposed,
    relations,
    relationships: views.relationships,
    routines,
    mediaHandlers: await loadMediaHandlers(client, exposed),
    types: await loadTypes(client, exposed),
    descriptions: new Map(descriptions.rows.map(({ schema, description }) => [schema, description])),
    governed,
    version,
  };
}

function* columnsOf(relations: Relations, routines: ReadonlyMap<string, ReadonlyMap<string, readonly Routine[]>>): Iterable<Column> {
  for (const byName of relations.values()) {
    for (const { columns, computed } of byName.values()) {
      yield* columns.values();
      for (const { column } of computed.values()) yield column;
    }
  }
  for (const byName of routines.values())
    for (const routine of [...byName.values()].flat()) if (routine.returns.relation) yield* routine.returns.relation.columns.values();
}
