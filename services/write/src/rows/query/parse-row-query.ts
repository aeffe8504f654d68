import { ApiError } from '../api-error.ts';
import { readField, readName } from './field.ts';
import { readFilter } from './filter.ts';
import { readTree } from './logic.ts';
import { parseOrder } from './order.ts';
import { splitQueryString } from './query-string.ts';
import type { Condition, Embed, RowQuery } from './row-query.ts';
import { Scanner } from './scanner.ts';
import { type EmbedItem, EVERYTHING, parseSelect, type Selected } from './select.ts';

const TREES: Readonly<Record<string, { kind: 'and' | 'or'; negated: boolean }>> = {
  and: { kind: 'and', negated: false },
  or: { kind: 'or', negated: false },
  'not.and': { kind: 'and', negated: true },
  'not.or': { kind: 'or', negated: true },
};

/** Parses a query string (without `?`) in PostgREST's grammar. Pure; throws `ApiError` and nothing else. */
export function parseRowQuery(queryString: string): RowQuery {
  const pairs = splitQueryString(queryString);
  const selected = pairs.findLast(([name]) => name === 'select')?.[1];
  return readQuery(
    pairs.filter(([name]) => name !== 'select'),
    selected === undefined ? EVERYTHING : parseSelect(selected),
  );
}

type Pair = readonly [name: string, value: string];

/** The parameters of one resource; those of an embedded one bear its name and a dot before theirs. */
function readQuery(pairs: readonly Pair[], selected: Selected): RowQuery {
  const query: { -readonly [Key in keyof RowQuery]: RowQuery[Key] } = {
    select: selected.items,
    embeds: [],
    conditions: [],
    order: [],
    limit: null,
    offset: 0,
    columns: null,
    onConflict: null,
  };
  const inner = new Map<EmbedItem, Pair[]>(selected.embeds.map((item) => [item, []]));
  const conditions: Condition[] = [];
  for (const [name, value] of pairs) {
    const owner = selected.embeds.find((item) => name.startsWith(`${item.alias ?? item.relation}.`));
    if (owner) inner.get(owner)?.push([name.slice((owner.alias ?? owner.relation).length + 1), value]);
    else if (name === 'order') query.order = value === '' ? [] : parseOrder(value);
    else if (name === 'limit') query.limit = parseCount(value, 'limit');
    else if (name === 'offset') query.offset = parseCount(value, 'offset');
    else if (name === 'columns') query.columns = parseNames(value, 'columns parameter');
    else if (name === 'on_conflict') query.onConflict = parseNames(value, 'on_conflict parameter');
    else conditions.push(Object.hasOwn(TREES, name) ? parseTree(name, value) : parseFilter(name, value));
  }
  const embeds = [...inner].map(([{ selected: own, ...item }, theirs]): Embed => ({ ...item, query: readQuery(theirs, own) }));
  return { ...query, embeds, conditions };
}

function parseTree(name: string, value: string): Condition {
  const scanner = new Scanner(value, 'logic tree');
  const { kind, negated } = TREES[name] as { kind: 'and' | 'or'; negated: boolean };
  const tree = readTree(scanner, kind, negated);
  if (!scanner.done) scanner.fail('end of input');
  return tree;
}

function parseFilter(name: string, value: string): Condition {
  const left = new Scanner(name, 'filter name');
  const field = readField(left);
  if (left.peek() === '.')
    throw new ApiError(400, 'PGRST108', `'${field.column}' is not an embedded resource in this request`, {
      hint: `Verify that '${field.column}' is included in the 'select' query parameter.`,
    });
  if (!left.done) left.fail('"=" and a filter');
  const scanner = new Scanner(value, 'filter');
  const filter = readFilter(scanner, field, 'open');
  if (!scanner.done) scanner.fail('end of input');
  return filter;
}

/** A row count: digits only. Negative ones are a range error, as PostgREST has it. */
function parseCount(text: string, name: string): number {
  if (/^-\d+$/.test(text)) {
    const title = name === 'limit' ? 'Limit' : 'Offset';
    throw new ApiError(416, 'PGRST103', 'Requested range not satisfiable', { details: `${title} should be greater than or equal to zero.` });
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
