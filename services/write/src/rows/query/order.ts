import { readField, readName } from './field.ts';
import type { OrderItem } from './row-query.ts';
import { Scanner } from './scanner.ts';

/** `order=a.desc.nullslast,b,relation(c)` */
export function parseOrder(text: string): OrderItem[] {
  const scanner = new Scanner(text, 'order');
  const items: OrderItem[] = [];
  do {
    scanner.skipSpaces();
    items.push(readItem(scanner));
  } while (scanner.eat(','));
  if (!scanner.done) scanner.fail('"," or end of input');
  return items;
}

function readItem(scanner: Scanner): OrderItem {
  const item = readSource(scanner);
  if (scanner.eat('.asc')) item.direction = 'asc';
  else if (scanner.eat('.desc')) item.direction = 'desc';
  if (scanner.eat('.nullsfirst')) item.nulls = 'first';
  else if (scanner.eat('.nullslast')) item.nulls = 'last';
  if (scanner.peek() === '.') scanner.fail('asc, desc, nullsfirst or nullslast', scanner.position + 1);
  return item;
}

function readSource(scanner: Scanner): OrderItem {
  const start = scanner.position;
  const relation = readName(scanner);
  if (!scanner.eat('(')) {
    scanner.seek(start);
    return { field: readField(scanner) };
  }
  const field = readField(scanner);
  scanner.expect(')');
  return { field, relation };
}
