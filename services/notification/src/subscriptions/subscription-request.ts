import type { Predicate } from '#libs/governance/policy/policy';
import { FilterError } from './filter-error.ts';
import { parseColumnFilter, parseLogicFilter } from './filter-grammar.ts';

/** What a subscriber asks for, parsed but not yet held against the catalogue. */
export interface SubscriptionRequest {
  schema: string;
  table: string;
  /** Column names; undefined: all that may be read. */
  select: readonly string[] | undefined;
  /** The query's filters, all of which must hold; undefined: every row. */
  filter: Predicate | undefined;
}

/** PostgREST parameters that have no meaning for a stream of changes. */
const NOT_FOR_STREAMS = new Set(['order', 'limit', 'offset', 'on_conflict', 'columns']);
const LOGIC = new Set(['and', 'or', 'not.and', 'not.or']);

/** Reads `<schema>.<table>` and the query. Throws a `FilterError` that names the parameter. */
export function parseSubscription(path: string, query: URLSearchParams): SubscriptionRequest {
  const dot = path.indexOf('.');
  if (dot < 1 || dot === path.length - 1) throw new FilterError('path', 'expected /v1/changes/<schema>.<table>');
  let select: readonly string[] | undefined;
  const filters: Predicate[] = [];
  for (const [name, value] of query) {
    if (name === 'select') select = parseSelect(value);
    else if (NOT_FOR_STREAMS.has(name)) throw new FilterError(name, 'a change stream has no order and no end');
    else if (LOGIC.has(name)) filters.push(parseLogicFilter(name, value));
    else filters.push(parseColumnFilter(name, value));
  }
  return { schema: path.slice(0, dot), table: path.slice(dot + 1), select, filter: filters.length === 0 ? undefined : conjunction(filters) };
}

function conjunction(filters: readonly Predicate[]): Predicate {
  return filters.length === 1 && filters[0] ? filters[0] : { op: 'and', args: filters };
}

/** A plain list of columns; PostgREST's renaming, casts, JSON paths and embedding are refused. */
function parseSelect(text: string): readonly string[] | undefined {
  if (text.trim() === '' || text.trim() === '*') return undefined;
  const columns = text.match(/"(?:[^"\\]|\\.)*"|[^,]+/g) ?? [];
  return columns.map((column) => {
    const name = column.trim();
    if (/^".*"$/.test(name)) return name.slice(1, -1).replaceAll(/\\(.)/g, '$1');
    const strange = /[:()>*]/.exec(name);
    if (strange) throw new FilterError('select', `a change stream takes column names only, not "${name}"`);
    return name;
  });
}

/** Every condition on a column, wherever it stands in the tree. */
export function* conditions(predicate: Predicate): Generator<Exclude<Predicate, { op: 'and' | 'or' | 'not' }>> {
  switch (predicate.op) {
    case 'and':
    case 'or':
      for (const arg of predicate.args) yield* conditions(arg);
      return;
    case 'not':
      yield* conditions(predicate.arg);
      return;
    default:
      yield predicate;
  }
}
