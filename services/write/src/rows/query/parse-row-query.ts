import { ApiError } from '../api-error.ts';
import { isCursor, isMoment } from './own-parameters.ts';
import { readField, readName } from './field.ts';
import { readFilter } from './filter.ts';
import { readTree } from './logic.ts';
import { parseOrder } from './order.ts';
import { splitQueryString } from './query-string.ts';
import type { Condition, Embed, Field, RowQuery } from './row-query.ts';
import { Scanner } from './scanner.ts';
import { type EmbedItem, EVERYTHING, parseSelect, type Selected } from './select.ts';

export interface ParseOptions {
  /** Parameters whose value is no filter are arguments of a function. */
  args?: boolean;
}

/** Parses a query string (without `?`) in PostgREST's grammar. Pure; throws `ApiError` and nothing else. */
export function parseRowQuery(queryString: string, { args = false }: ParseOptions = {}): RowQuery {
  const pairs = splitQueryString(queryString);
  const selected = pairs.find(([name]) => name === 'select')?.[1];
  const root = openResource(selected === undefined ? EVERYTHING : parseSelect(selected));
  for (const [name, value] of pairs) {
    if (!args && isCursor(name, value)) root.query.cursor = value;
    else if (!args && isMoment(name, value)) root.query.asOf = value;
    else if (name !== 'select') take(root, name, value, args);
  }
  return closeResource(root);
}

/** One resource of the request while its parameters are gathered. */
interface Resource {
  query: { -readonly [Key in keyof RowQuery]: RowQuery[Key] };
  conditions: Condition[];
  args: [string, string][];
  embeds: { item: Omit<Embed, 'query'>; resource: Resource }[];
}

function openResource({ items, embeds }: Selected): Resource {
  return {
    query: { select: items, embeds: [], conditions: [], order: [], limit: null, offset: 0, columns: null, onConflict: null, args: [] },
    conditions: [],
    args: [],
    embeds: embeds.map(({ selected, ...item }: EmbedItem) => ({ item, resource: openResource(selected) })),
  };
}

function closeResource({ query, conditions, args, embeds }: Resource): RowQuery {
  return { ...query, conditions, args, embeds: embeds.map(({ item, resource }): Embed => ({ ...item, query: closeResource(resource) })) };
}

/** A parameter belongs to the request itself, or to the embedded resource whose names, each with a dot after it, come before its own. */
function take(root: Resource, name: string, value: string, args: boolean): void {
  if (name === 'columns') root.query.columns = parseNames(value, 'columns parameter');
  else if (name === 'on_conflict') root.query.onConflict = parseNames(value, 'on_conflict parameter');
  else if (/(^|\.)(order|limit|offset)$/.test(name)) takeOption(root, name, value);
  else if (/(^|\.)(and|or)$/.test(name)) takeTree(root, name, value);
  else takeFilter(root, name, value, args);
}

function takeOption(root: Resource, name: string, value: string): void {
  const path = readPath(new Scanner(name, 'tree path')).names;
  const option = path.pop();
  const { query } = embedded(root, path);
  if (option === 'order') query.order = value === '' ? [] : parseOrder(value);
  else if (option === 'limit') query.limit = parseCount(value, 'limit') ?? query.limit;
  else query.offset = parseCount(value, 'offset') ?? query.offset;
}

function takeTree(root: Resource, name: string, value: string): void {
  const path = readPath(new Scanner(name, 'logic path')).names;
  const kind = path.pop() as 'and' | 'or';
  const negated = path.at(-1) === 'not';
  if (negated) path.pop();
  const scanner = new Scanner(value, 'logic tree', kind.length + (negated ? 'not.'.length : 0));
  const tree = readTree(scanner, kind, negated);
  if (!scanner.done) scanner.fail('end of input');
  embedded(root, path).conditions.push(tree);
}

function takeFilter(root: Resource, name: string, value: string, args: boolean): void {
  const left = new Scanner(name, 'filter name');
  const { names, field } = readPath(left);
  const condition = args ? filterOrNothing(field, value) : parseFilter(field, value);
  if (condition === undefined) root.args.push([name, value]);
  else embedded(root, names.slice(0, -1)).conditions.push(condition);
}

/** `a.b.c->d`: names, of which the last one is a field. */
function readPath(scanner: Scanner): { names: string[]; field: Field } {
  const names: string[] = [];
  for (;;) {
    const start = scanner.position;
    names.push(readName(scanner));
    if (scanner.eat('.')) continue;
    scanner.seek(start);
    const field = readField(scanner);
    if (!scanner.done) scanner.fail('"=" and a filter');
    return { names, field };
  }
}

function parseFilter(field: Field, value: string): Condition {
  const scanner = new Scanner(value, 'filter');
  const filter = readFilter(scanner, field, 'open');
  if (!scanner.done) scanner.fail('end of input');
  return filter;
}

function filterOrNothing(field: Field, value: string): Condition | undefined {
  try {
    return parseFilter(field, value);
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

/** By alias, or else by the relation's name. */
function embedded(root: Resource, path: readonly string[]): Resource {
  let at = root;
  for (const name of path) {
    const found =
      at.embeds.find(({ item: { alias, relation } }) => (alias ?? relation) === name) ?? at.embeds.find(({ item: { relation } }) => relation === name);
    if (!found) throw notEmbedded(name);
    at = found.resource;
  }
  return at;
}

/** 400 PGRST108 */
export function notEmbedded(name: string): ApiError {
  return new ApiError(400, 'PGRST108', `'${name}' is not an embedded resource in this request`, {
    hint: `Verify that '${name}' is included in the 'select' query parameter.`,
  });
}

/** A row count: digits only. A negative limit is a range error and a negative offset is none, as PostgREST has it; an empty one says nothing. */
function parseCount(text: string, name: string): number | null {
  if (text === '') return null;
  if (/^-\d+$/.test(text)) {
    if (name === 'offset') return 0;
    throw new ApiError(416, 'PGRST103', 'Requested range not satisfiable', { details: 'Limit should be greater than or equal to zero.' });
  }
  const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isNaN(count) ? new Scanner(text, `${name} parameter`).fail('a whole number', Math.max(0, text.search(/\D/))) : count;
}

function parseNames(text: string, what: string): string[] {
  const scanner = new Scanner(text, what);
  const names: string[] = [];
  do {
    scanner.skipSpaces();
    names.push(readName(scanner));
    scanner.skipSpaces();
  } while (scanner.eat(','));
  if (!scanner.done) scanner.fail('"," or end of input');
  return [...new Set(names)];
}
