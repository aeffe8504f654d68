import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Relation } from '../../catalogue/relation.ts';
import type { CatalogueCache } from '../../catalogue/catalogue-cache.ts';
import { ApiError } from '../api-error.ts';
import type { Caller } from '../caller.ts';
import { matchRoutine } from '../call/match-routine.ts';
import type { Statement } from '../compile/statement.ts';
import type { RowExecutor } from '../executor.ts';
import { parseRowQuery } from '../query/parse-row-query.ts';
import type { RowAnswer, RowRequest } from '../row-request.ts';
import { sessionFor, type SessionPolicy } from '../session-policy.ts';
import { translateSqlError } from '../sql-error.ts';
import { relationOf, schemaOf, unknownTable } from '../target.ts';
import { describeSchema } from './describe-schema.ts';

export interface DescriptionServiceOptions {
  catalogue: CatalogueCache;
  executor: RowExecutor;
  sessions: SessionPolicy;
}

/** Names that the role has some right to, as JSON. */
const VISIBLE = `select pg_catalog.json_build_object(
    'relations', (select coalesce(pg_catalog.json_agg(c.relname), '[]') from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
      and (pg_catalog.pg_has_role(c.relowner, 'usage') or pg_catalog.has_table_privilege(c.oid, 'delete, truncate, trigger')
        or pg_catalog.has_any_column_privilege(c.oid, 'select, insert, update, references'))),
    'routines', (select coalesce(pg_catalog.json_agg(distinct p.proname), '[]') from pg_catalog.pg_proc p where p.pronamespace = n.oid and pg_catalog.has_function_privilege(p.oid, 'execute')))::pg_catalog.text as body,
  null::pg_catalog.int8 as total, 1::pg_catalog.int8 as page, null::pg_catalog.json as extra
  from pg_catalog.pg_namespace n where n.nspname = $1`;

/** What the API has and what may be done with it: the root of it, and OPTIONS. */
export class DescriptionService {
  readonly #options: DescriptionServiceOptions;

  constructor(options: DescriptionServiceOptions) {
    this.#options = options;
  }

  /** An OpenAPI document of what the caller's role may see. */
  async describe(request: RowRequest, caller: Caller): Promise<RowAnswer> {
    const catalogue = this.#catalogue();
    const schema = schemaOf(catalogue.schemas, request);
    requireOpenApi(request.headers['accept']);
    const visible = await this.#visible(request, caller, schema);
    const relations = [...(catalogue.relations.get(schema)?.values() ?? [])].filter(({ name }) => visible.relations.has(name));
    const routines = [...(catalogue.routines.get(schema)?.values() ?? [])].flat().filter(({ name }) => visible.routines.has(name));
    const document = describeSchema({ catalogue, schema, relations, routines, host: request.headers['host'] ?? 'localhost' });
    const headers = { 'content-type': 'application/openapi+json; charset=utf-8', ...(catalogue.schemas.length > 1 ? { 'content-profile': schema } : {}) };
    return { status: 200, headers, body: request.method === 'HEAD' ? undefined : JSON.stringify(document) };
  }

  /** `Allow` of a table, a function (`rpc`), or the root. */
  options(request: RowRequest, of: 'table' | 'rpc' | 'root'): RowAnswer {
    const catalogue = this.#catalogue();
    const schema = schemaOf(catalogue.schemas, request);
    const allow = of === 'root' ? 'OPTIONS,GET,HEAD' : of === 'rpc' ? callMethods(catalogue, schema, request) : tableMethods(catalogue, schema, request.table);
    return { status: 200, headers: { allow, 'access-control-allow-origin': '*' }, body: '' };
  }

  #catalogue(): Catalogue {
    const catalogue = this.#options.catalogue.current;
    if (catalogue) return catalogue;
    throw new ApiError(503, 'PGRST002', 'Could not query the database for the schema cache. Retrying.', { headers: { 'retry-after': '1' } });
  }

  async #visible(request: RowRequest, caller: Caller, schema: string): Promise<{ relations: ReadonlySet<string>; routines: ReadonlySet<string> }> {
    const catalogue = this.#catalogue();
    const { executor, sessions } = this.#options;
    const facts = { method: request.method, path: '/', headers: request.headers };
    const session = sessionFor(sessions, { request: facts, schema, prefer: {}, catalogue, also: [] });
    const statement: Statement = { text: VISIBLE, parameters: [schema] };
    try {
      const { body } = await executor.read(catalogue.governed, caller.principal, statement, session);
      const { relations, routines } = JSON.parse(body ?? '{"relations":[],"routines":[]}') as { relations: string[]; routines: string[] };
      return { relations: new Set(relations), routines: new Set(routines) };
    } catch (error) {
      throw translateSqlError(error, caller.anonymous);
    }
  }
}

const DESCRIBED_AS: ReadonlySet<string> = new Set(['*/*', 'application/*', 'application/json', 'application/openapi+json']);

function requireOpenApi(accept: string | undefined): void {
  if (accept === undefined || accept === '') return;
  const types = accept.split(',').map((item) => (item.split(';', 1)[0] ?? '').trim().toLowerCase());
  if (!types.some((type) => DESCRIBED_AS.has(type))) throw new ApiError(406, 'PGRST107', `None of these media types are available: ${types.join(', ')}`);
}

function tableMethods(catalogue: Catalogue, schema: string, table: string): string {
  const relation: Relation | undefined = relationOf(catalogue, schema, table);
  if (!relation) throw unknownTable(catalogue, schema, table);
  const { insert, update, delete: remove } = relation.writes;
  const put = insert && update && relation.primaryKey.length > 0;
  return ['OPTIONS,GET,HEAD', ...(insert ? ['POST'] : []), ...(put ? ['PUT'] : []), ...(update ? ['PATCH'] : []), ...(remove ? ['DELETE'] : [])].join(',');
}

function callMethods(catalogue: Catalogue, schema: string, { table, queryString }: RowRequest): string {
  const names = parseRowQuery(queryString, { args: true }).args.map(([name]) => name);
  const routine = matchRoutine(catalogue, { schema, name: table, names, bodyType: undefined });
  return routine.volatility === 'volatile' ? 'OPTIONS,POST' : 'OPTIONS,GET,HEAD,POST';
}
