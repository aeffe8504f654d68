import { readQuoted } from './field.ts';
import { isOperator, type OperatorName, OPERATORS } from './operators.ts';
import type { Field, Filter, FilterValue, IsWord } from './row-query.ts';
import type { Scanner } from './scanner.ts';

/** `open`: the value is all that is left (`col=eq.a,b`). `closed`: it ends at `,` or `)` unless quoted (inside `and=(…)`). */
export type ValueStyle = 'open' | 'closed';

const IS_WORDS: Readonly<Record<string, IsWord>> = { null: 'null', not_null: 'not null', true: 'true', false: 'false', unknown: 'unknown' };
const EXPECTED_OPERATOR = '"not" or operator (eq, gt, ...)';

/** `[not.]operator[(any|all|language)].value` */
export function readFilter(scanner: Scanner, field: Field, style: ValueStyle): Filter {
  const negated = scanner.eat('not.');
  const operator = readOperator(scanner);
  const modifier = readModifier(scanner, operator);
  if (!scanner.eat('.')) scanner.fail('"." and a value');
  const value = readValue(scanner, operator, style, modifier.quantifier !== undefined);
  return { kind: 'filter', negated, field, operator, ...modifier, value };
}

function readOperator(scanner: Scanner): OperatorName {
  const start = scanner.position;
  const name = scanner.takeWhile((character) => character >= 'a' && character <= 'z');
  return isOperator(name) ? name : scanner.fail(EXPECTED_OPERATOR, start);
}

function readModifier(scanner: Scanner, operator: OperatorName): Pick<Filter, 'quantifier' | 'language'> {
  if (!scanner.eat('(')) return {};
  const start = scanner.position;
  const word = scanner.takeWhile((character) => /[A-Za-z0-9_]/.test(character));
  if (word === '') scanner.fail('any, all or a language', start);
  scanner.expect(')');
  const shape = OPERATORS[operator];
  if (shape.operand === 'search') return { language: word };
  if (shape.quantified && (word === 'any' || word === 'all')) return { quantifier: word };
  return scanner.fail(shape.quantified ? 'any or all' : `"." (${operator} takes no modifier)`, start);
}

function readValue(scanner: Scanner, operator: OperatorName, style: ValueStyle, quantified: boolean): FilterValue {
  if (operator === 'is') return { kind: 'is', word: readIsWord(scanner) };
  if (operator === 'in') return { kind: 'list', items: readList(scanner) };
  if (quantified && scanner.peek() === '{') return { kind: 'list', items: readBraces(scanner) };
  if (quantified) scanner.fail('"{" and a list of values');
  if (style === 'open') return { kind: 'text', text: scanner.rest() };
  return { kind: 'text', text: readClosed(scanner) };
}

function readIsWord(scanner: Scanner): IsWord {
  const start = scanner.position;
  const word = IS_WORDS[scanner.takeWhile((character) => /[A-Za-z_]/.test(character)).toLowerCase()];
  return word ?? scanner.fail('null, not_null, true, false or unknown', start);
}

function readList(scanner: Scanner): string[] {
  scanner.expect('(');
  return readItems(scanner, ')');
}

function readBraces(scanner: Scanner): string[] {
  scanner.expect('{');
  return readItems(scanner, '}');
}

/** Items up to `end`, which is taken; each bare or in double quotes. `()` holds none. */
function readItems(scanner: Scanner, end: string): string[] {
  const items: string[] = [];
  if (scanner.eat(end)) return items;
  do items.push(readItem(scanner, end));
  while (scanner.eat(','));
  scanner.expect(end);
  return items;
}

/** A quote opens a quoted value only if the value ends right after its closing quote; otherwise it is an ordinary character. */
function readItem(scanner: Scanner, end: string): string {
  scanner.skipSpaces();
  const start = scanner.position;
  if (scanner.peek() === '"' && closesWell(scanner, end)) {
    const quoted = readQuoted(scanner);
    scanner.skipSpaces();
    return quoted;
  }
  scanner.seek(start);
  const item = scanner.takeWhile((character) => character !== ',' && character !== end);
  return end === ')' ? item.trim() : item;
}

function closesWell(scanner: Scanner, end: string): boolean {
  let at = scanner.position + 1;
  while (at < scanner.text.length && scanner.text.charAt(at) !== '"') at += scanner.text.charAt(at) === '\\' ? 2 : 1;
  const after = scanner.text
    .slice(at + 1)
    .trimStart()
    .charAt(0);
  return at < scanner.text.length && (after === '' || after === ',' || after === end);
}

/** A value inside a tree: quoted, a balanced `{…}` array literal, or up to `,` or `)`. */
function readClosed(scanner: Scanner): string {
  if (scanner.peek() === '{') return readArrayLiteral(scanner);
  return readItem(scanner, ')');
}

function readArrayLiteral(scanner: Scanner): string {
  const { text, position: start } = scanner;
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === '{') depth += 1;
    else if (!quoted && character === '}') {
      depth -= 1;
      if (depth === 0) {
        scanner.seek(at + 1);
        return text.slice(start, at + 1);
      }
    }
  }
  return scanner.fail('"}"', text.length);
}

/** The field of a leaf inside a tree; a `.` follows it. */
export function expectDot(scanner: Scanner): void {
  if (!scanner.eat('.')) scanner.fail('"." and an operator');
}
