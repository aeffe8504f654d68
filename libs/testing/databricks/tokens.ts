import { syntaxError } from './sql-error.ts';

/** A piece of Databricks SQL. `value`: what a name, text or parameter says, without its quotes and escapes. */
export interface Token {
  kind: 'word' | 'name' | 'text' | 'parameter' | 'number' | 'symbol';
  raw: string;
  value: string;
  /** Where the piece begins in the statement. */
  at: number;
}

const PIECE =
  /(?<space>\s+|--[^\n]*|\/\*[\s\S]*?\*\/)|(?<name>`(?:[^`]|``)*`)|(?<text>'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*")|(?<cast>::)|:(?<parameter>[A-Za-z_]\w*)|(?<number>\d+(?:\.\d+)?)|(?<word>[A-Za-z_]\w*)|(?<symbol><=>|<=|>=|<>|!=|=>|\|\||[-+*/%=<>(),.;[\]?!&|^~])/y;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', '0': '\0', Z: '\u001a', '%': '\\%', _: '\\_' };

/** Databricks SQL's pieces, comments and blanks left out. A double-quoted piece is a text, as with the default `spark.sql.ansi.doubleQuotedIdentifiers`. */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < sql.length) {
    const at = PIECE.lastIndex;
    const match = PIECE.exec(sql);
    if (!match?.groups) throw syntaxError(sql.slice(at, at + 20));
    const { space, name, text, cast, parameter, number, word, symbol } = match.groups;
    const raw = match[0];
    if (space !== undefined) continue;
    if (name !== undefined) tokens.push({ kind: 'name', raw, value: name.slice(1, -1).replaceAll('``', '`'), at });
    else if (text !== undefined) tokens.push({ kind: 'text', raw, value: unescaped(text.slice(1, -1)), at });
    else if (parameter !== undefined) tokens.push({ kind: 'parameter', raw, value: parameter, at });
    else if (number !== undefined) tokens.push({ kind: 'number', raw, value: number, at });
    else if (word !== undefined) tokens.push({ kind: 'word', raw, value: word.toUpperCase(), at });
    else tokens.push({ kind: 'symbol', raw, value: symbol ?? cast ?? raw, at });
  }
  return tokens;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(u[0-9A-Fa-f]{4}|[\s\S])/g, (_whole, escape: string) => {
    if (escape.length === 5) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return ESCAPES[escape] ?? escape;
  });
}

/** Reads tokens from left to right. */
export class Cursor {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get done(): boolean {
    return this.#next >= this.#tokens.length;
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#next + ahead];
  }

  take(): Token {
    const token = this.#tokens[this.#next];
    if (!token) throw syntaxError('end of input');
    this.#next += 1;
    return token;
  }

  /** Takes these words or symbols if they come next. */
  accept(...values: string[]): boolean {
    const found = values.every((value, index) => {
      const token = this.peek(index);
      return (token?.kind === 'word' || token?.kind === 'symbol') && token.value === value;
    });
    if (found) this.#next += values.length;
    return found;
  }

  expect(...values: string[]): void {
    if (!this.accept(...values)) throw syntaxError(this.peek()?.raw ?? 'end of input');
  }

  of(kind: Token['kind']): string {
    const token = this.take();
    if (token.kind !== kind) throw syntaxError(token.raw);
    return token.value;
  }

  /** A name, quoted or not. */
  name(): string {
    const token = this.take();
    if (token.kind === 'name') return token.value;
    if (token.kind === 'word') return token.raw;
    throw syntaxError(token.raw);
  }

  rest(): Token[] {
    const rest = this.#tokens.slice(this.#next);
    this.#next = this.#tokens.length;
    return rest;
  }

  end(): void {
    if (!this.done) throw syntaxError(this.peek()?.raw ?? '');
  }

  /** Tokens up to (not including) the first of these words outside parentheses, or all. */
  until(...words: string[]): Token[] {
    const taken: Token[] = [];
    let depth = 0;
    while (!this.done) {
      const token = this.peek();
      if (depth === 0 && token && (token.kind === 'word' || token.kind === 'symbol') && words.includes(token.value)) return taken;
      if (token?.value === '(' && token.kind === 'symbol') depth += 1;
      if (token?.value === ')' && token.kind === 'symbol') depth -= 1;
      taken.push(this.take());
    }
    return taken;
  }

  /** What stands between a parenthesis and its end. */
  parenthesised(): Token[] {
    this.expect('(');
    const inner = this.until(')');
    this.expect(')');
    return inner;
  }
}

/** Tokens cut at commas outside parentheses (and angle brackets). */
export function list(tokens: readonly Token[]): Token[][] {
  const items: Token[][] = [];
  let item: Token[] = [];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'symbol' && (token.value === '(' || token.value === '<')) depth += 1;
    if (token.kind === 'symbol' && (token.value === ')' || token.value === '>')) depth -= 1;
    if (depth === 0 && token.kind === 'symbol' && token.value === ',') {
      items.push(item);
      item = [];
    } else item.push(token);
  }
  return item.length === 0 ? items : [...items, item];
}
