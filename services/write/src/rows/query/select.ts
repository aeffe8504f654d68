import { ApiError } from '../api-error.ts';
import { readField, readName } from './field.ts';
import type { SelectItem } from './row-query.ts';
import { Scanner } from './scanner.ts';

/** `select=a,b:c::text,data->>k`. Null stands for every column (`*`, or an empty list). */
export function parseSelect(text: string): readonly SelectItem[] | null {
  if (text.trim() === '' || text.trim() === '*') return null;
  const scanner = new Scanner(text, 'select parameter');
  const items: SelectItem[] = [];
  let everything = false;
  do {
    scanner.skipSpaces();
    if (scanner.eat('*')) everything = true;
    else items.push(readSelectItem(scanner));
    scanner.skipSpaces();
  } while (scanner.eat(','));
  if (!scanner.done) refuseRest(scanner);
  if (!everything) return items;
  if (items.length === 0) return null;
  return [{ field: { column: '*', path: [] } }, ...items];
}

function readSelectItem(scanner: Scanner): SelectItem {
  if (scanner.startsWith('...')) refuseRest(scanner);
  const start = scanner.position;
  const alias = readName(scanner);
  if (scanner.startsWith(':') && !scanner.startsWith('::')) {
    scanner.expect(':');
    return { alias, ...readSource(scanner) };
  }
  scanner.seek(start);
  return readSource(scanner);
}

function readSource(scanner: Scanner): SelectItem {
  const field = readField(scanner);
  if (!scanner.eat('::')) return { field };
  const start = scanner.position;
  const cast = scanner.takeWhile((character) => /[A-Za-z0-9_ [\]."]/.test(character)).trim();
  if (cast === '') scanner.fail('a type', start);
  return { field, cast };
}

function refuseRest(scanner: Scanner): never {
  if (scanner.peek() === '(' || scanner.peek() === '!' || scanner.startsWith('...'))
    throw new ApiError(400, 'PGRST200', 'Resource embedding is not supported', {
      details: `related resource at column ${scanner.position + 1} of the select parameter`,
      hint: 'Select columns of this table, or query a view that joins the tables.',
    });
  if (scanner.peek() === '.')
    throw new ApiError(400, 'PGRST123', 'Use of aggregate functions is not allowed', {
      details: `aggregate at column ${scanner.position + 1} of the select parameter`,
    });
  return scanner.fail('"," or end of input');
}
