import { readField, readName } from './field.ts';
import { AGGREGATES, type AggregateName, type Embed, type SelectItem } from './row-query.ts';
import { Scanner } from './scanner.ts';

/** What a select list names. */
export interface Selected {
  /** Null stands for every column (`*`, or an empty list). */
  items: readonly SelectItem[] | null;
  embeds: readonly EmbedItem[];
}
export type EmbedItem = Omit<Embed, 'query'> & { selected: Selected };

export const EVERYTHING: Selected = { items: null, embeds: [] };
const NOTHING: Selected = { items: [], embeds: [] };

/** `select=a,b:c::text,data->>k,total:amount.sum(),other(x,y),...third(z)` */
export function parseSelect(text: string): Selected {
  if (text.trim() === '' || text.trim() === '*') return EVERYTHING;
  const scanner = new Scanner(text, 'select parameter');
  const selected = readList(scanner);
  if (!scanner.done) scanner.fail('"," or end of input');
  return selected;
}

function readList(scanner: Scanner): Selected {
  const items: SelectItem[] = [];
  const embeds: EmbedItem[] = [];
  let everything = false;
  do {
    scanner.skipSpaces();
    if (scanner.eat('*')) everything = true;
    else {
      const item = readItem(scanner);
      if ('relation' in item) embeds.push(item);
      else items.push(item);
    }
    scanner.skipSpaces();
  } while (scanner.eat(','));
  if (!everything) return { items, embeds };
  return { items: items.length === 0 ? null : [{ field: { column: '*', path: [] } }, ...items], embeds };
}

function readItem(scanner: Scanner): SelectItem | EmbedItem {
  if (scanner.eat('...')) return { ...readEmbed(scanner, readName(scanner, 'a relationship')), spread: true };
  const start = scanner.position;
  const alias = readName(scanner);
  if (scanner.startsWith(':') && !scanner.startsWith('::')) {
    scanner.expect(':');
    return { alias, ...readSource(scanner) };
  }
  scanner.seek(start);
  return readSource(scanner);
}

function readSource(scanner: Scanner): SelectItem | EmbedItem {
  if (scanner.eat('count()')) return { field: { column: '*', path: [] }, aggregate: withCast(scanner, 'count') };
  const field = readField(scanner);
  if (field.path.length === 0 && (scanner.peek() === '(' || scanner.peek() === '!')) return readEmbed(scanner, field.column);
  const cast = readCast(scanner);
  const item: SelectItem = cast === undefined ? { field } : { field, cast };
  if (!scanner.eat('.')) return item;
  return { ...item, aggregate: withCast(scanner, readAggregate(scanner)) };
}

function readAggregate(scanner: Scanner): AggregateName {
  const name = AGGREGATES.find((candidate) => scanner.eat(`${candidate}()`));
  return name ?? scanner.fail(AGGREGATES.map((candidate) => `${candidate}()`).join(', '));
}

function withCast(scanner: Scanner, name: AggregateName): NonNullable<SelectItem['aggregate']> {
  const cast = readCast(scanner);
  return cast === undefined ? { name } : { name, cast };
}

function readCast(scanner: Scanner): string | undefined {
  if (!scanner.eat('::')) return undefined;
  const start = scanner.position;
  const cast = scanner.takeWhile((character, at) => /[A-Za-z0-9_ [\]"]/.test(character) || (character === '.' && !beginsAggregate(scanner.text, at))).trim();
  return cast === '' ? scanner.fail('a type', start) : cast;
}

/** `app.mood` names a type by its schema; `int.sum()` doesn't. */
function beginsAggregate(text: string, dot: number): boolean {
  return AGGREGATES.some((name) => text.startsWith(`${name}()`, dot + 1));
}

/** `!hint`, `!inner`, `!left`, then the embedded list in parentheses; an empty one shows nothing, and is there for its filters. */
function readEmbed(scanner: Scanner, relation: string): EmbedItem {
  return scanner.nested(() => {
    const item: EmbedItem = { relation, selected: EVERYTHING };
    while (scanner.eat('!')) {
      const word = readName(scanner, 'a relationship, inner or left');
      if (word === 'inner' || word === 'left') item.join = word;
      else item.hint = word;
    }
    scanner.expect('(');
    item.selected = scanner.peek() === ')' ? NOTHING : readList(scanner);
    scanner.expect(')');
    return item;
  });
}
