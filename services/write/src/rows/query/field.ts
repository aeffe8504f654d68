import type { Field, JsonStep } from './row-query.ts';
import type { Scanner } from './scanner.ts';

const NAME_CHARACTER = /[\p{L}\p{M}\p{N}_$ ]/u;
export const FIELD_NAME = 'field name (* or [a..z0..9_$])';

/** A column name: bare (letters, digits, `_ $`, blanks, single dashes), or anything in double quotes with `\` escapes. */
export function readName(scanner: Scanner, expected = FIELD_NAME): string {
  if (scanner.peek() === '"') return readQuoted(scanner);
  const start = scanner.position;
  const name = scanner.takeWhile((character, at) => isNameCharacter(scanner.text, character, at)).trim();
  if (name === '') scanner.fail(expected, start);
  return name;
}

/** A surrogate half belongs to the character whose pair it is. A dash is part of a name unless it begins `->`. */
function isNameCharacter(text: string, character: string, at: number): boolean {
  if (character === '-') return text.charAt(at + 1) !== '>';
  if (character >= '\ud800' && character <= '\udbff') return NAME_CHARACTER.test(text.slice(at, at + 2));
  if (character >= '\udc00' && character <= '\udfff') return at > 0 && NAME_CHARACTER.test(text.slice(at - 1, at + 1));
  return NAME_CHARACTER.test(character);
}

/** `"…"` with `\"` and `\\`. The cursor is at the opening quote. */
export function readQuoted(scanner: Scanner): string {
  const opening = scanner.position;
  scanner.expect('"');
  let value = '';
  while (!scanner.done) {
    if (scanner.eat('"')) return value;
    scanner.eat('\\');
    if (scanner.done) break;
    value += scanner.peek();
    scanner.seek(scanner.position + 1);
  }
  return scanner.fail('a closing double quote', Math.max(opening, scanner.text.length));
}

/** A name and its JSON path. */
export function readField(scanner: Scanner, expected = FIELD_NAME): Field {
  const column = readName(scanner, expected);
  const path: JsonStep[] = [];
  while (scanner.startsWith('->')) {
    scanner.expect('->');
    path.push({ asText: scanner.eat('>'), key: readKey(scanner) });
  }
  return { column, path };
}

/** An index is a number and nothing else; a key, anything up to what is reserved (`.,>()`, the dash of an arrow and the colon of a cast), or in quotes. */
function readKey(scanner: Scanner): string | number {
  if (scanner.peek() === '"') return readQuoted(scanner);
  const start = scanner.position;
  const key = scanner.takeWhile((character, at) => !isReserved(scanner.text, character, at));
  if (key === '') scanner.fail('"-", digit or any non reserved character different from: .,>()', start);
  if (/^-?\d{1,9}$/.test(key)) return Number(key);
  if (/^--\d/.test(key)) scanner.fail('digit', start + 1);
  return key;
}

function isReserved(text: string, character: string, at: number): boolean {
  if (character === '-') return text.charAt(at + 1) === '>';
  return character === ':' ? text.charAt(at + 1) === ':' : '.,>()='.includes(character);
}
