import { arrayLiteral, quoteIdentifier } from '#libs/postgres/identifiers';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Relation } from '../../catalogue/relation.ts';
import type { Parameter, Routine } from '../../catalogue/routine.ts';
import type { RowQuery } from '../query/row-query.ts';
import { compileNode } from './node.ts';
import { planEmbeds } from './plan.ts';
import { pageOf, totalSql, VALUE } from './read.ts';
import { openScope, type Scope } from './scope.ts';
import type { RowBounds, Shape, Statement } from './statement.ts';

/** Where a function's arguments come from. */
export type CallArguments =
  /** Each by its name, as text; several values of one name are a variadic parameter's. */
  | { kind: 'named'; values: ReadonlyMap<string, readonly string[]> }
  /** Members of an object, or of each object of a list. */
  | { kind: 'json'; json: string; form: 'object' | 'array'; names: readonly string[] }
  /** The body as it is, for the only parameter. */
  | { kind: 'whole'; text: string | null; bytes: boolean };

export interface CallRequest {
  routine: Routine;
  catalogue: Catalogue;
  args: CallArguments;
  query: RowQuery;
  shape: Shape;
  limit: number | null;
  offset: number;
  count: boolean | number;
  allowed?: RowBounds | undefined;
}

export function compileCall(request: CallRequest): Statement {
  const { routine, catalogue, query, shape, limit, offset, count, allowed } = request;
  const relation = resultOf(routine);
  const scope = openScope(relation, catalogue);
  const item = callSql(scope, routine, request.args);
  const node = compileNode(scope, query, planEmbeds(catalogue, relation, query.embeds));
  // Counted or not, it runs once.
  const from = count !== false ? `from _s as ${scope.alias}` : `from ${item} as ${scope.alias}`;
  const source = count !== false ? `with _s as materialized (select * from ${item} as _s) ` : '';
  const text = `${source}${pageOf(scope, node, { from, total: totalSql(node, from, count), shape, limit, offset, allowed })}`;
  return { text, parameters: scope.parameters.values };
}

/** What its rows are of; a function of values has one column. */
export function resultOf({ schema, name, returns }: Routine): Relation {
  if (returns.relation) return returns.relation;
  const { type, baseName } = returns;
  const column = { name: VALUE, type, baseType: type, baseName, display: baseName, nullable: true, hasDefault: false };
  const none = { insert: false, update: false, delete: false };
  return { schema, name, kind: 'c', sql: '', columns: new Map([[VALUE, column]]), computed: new Map(), primaryKey: [], audited: false, writes: none };
}

/** The FROM item. Arguments that are members of a JSON body are read by PostgreSQL itself. */
function callSql(scope: Scope, routine: Routine, args: CallArguments): string {
  const { sql, returns, parameters } = routine;
  const rows = returns.kind === 'rows';
  if (args.kind !== 'json' || args.names.length === 0) {
    const call = `${sql}(${args.kind === 'json' ? '' : argumentsSql(scope, parameters, args)})`;
    return rows ? call : `(select ${call} as ${VALUE})`;
  }
  const given = parameters.filter(({ name }) => args.names.includes(name));
  const definition = given.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(', ');
  const body = `pg_catalog.${args.form === 'object' ? 'json_to_record' : 'json_to_recordset'}(${scope.parameters.cast(args.json, 'pg_catalog.json')}) as _b(${definition})`;
  const call = `${sql}(${given.map((parameter) => named(parameter, `_b.${quoteIdentifier(parameter.name)}`)).join(', ')})`;
  return rows ? `(select _f.* from ${body} cross join lateral ${call} as _f)` : `(select ${call} as ${VALUE} from ${body})`;
}

function argumentsSql(scope: Scope, parameters: readonly Parameter[], args: Exclude<CallArguments, { kind: 'json' }>): string {
  if (args.kind === 'whole') {
    const [parameter] = parameters;
    const type = parameter?.type ?? 'pg_catalog.text';
    return args.bytes ? `pg_catalog.decode(${scope.parameters.text(args.text)}, 'base64')` : scope.parameters.cast(args.text, type);
  }
  const given = parameters.filter(({ name }) => args.values.has(name));
  return given
    .map((parameter) => {
      const values = args.values.get(parameter.name) ?? [];
      const text = parameter.variadic ? arrayLiteral(values) : (values.at(-1) ?? null);
      return named(parameter, scope.parameters.cast(text, parameter.type));
    })
    .join(', ');
}

function named({ name, variadic }: Parameter, value: string): string {
  return `${variadic ? 'variadic ' : ''}${quoteIdentifier(name)} => ${value}`;
}
