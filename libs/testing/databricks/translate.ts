import { quoteName, quoteText } from '#libs/lakehouse/delta/sql-text';
import { functionCall, isFunction } from './functions.ts';
import { checkLimit, checkPattern } from './operand-rules.ts';
import { SqlError, syntaxError } from './sql-error.ts';
import { Cursor, list, type Token, tokensOf } from './tokens.ts';

/** A named parameter as the driver sends it. */
export interface Parameter {
  type: string;
  text: string | undefined;
}

export interface Scope {
  catalog: string;
  parameters: ReadonlyMap<string, Parameter>;
  /** The FROM item that stands for a table of the catalogue. */
  table: (schema: string, name: string, version: bigint | undefined) => string;
  /** The FROM item that reads staged files: `read_files('/Volumes/…', format => …, schema => …)`. */
  files: (path: string, options: ReadonlyMap<string, string>) => string;
}

export interface Translated {
  sql: string;
  /** Bound values, all as text: the SQL casts them to the types they were sent with. */
  values: Record<string, string>;
}

const WORDS: Readonly<Record<string, string>> = {
  TIMESTAMP: 'TIMESTAMPTZ',
  TIMESTAMP_LTZ: 'TIMESTAMPTZ',
  TIMESTAMP_NTZ: 'TIMESTAMP',
  BINARY: 'BLOB',
  EXPLODE: 'unnest',
  UNBASE64: 'from_base64',
};
const PARAMETER_TYPES: Readonly<Record<string, string>> = {
  STRING: 'VARCHAR',
  BIGINT: 'BIGINT',
  INTEGER: 'INTEGER',
  INT: 'INTEGER',
  SMALLINT: 'SMALLINT',
  TINYINT: 'TINYINT',
  DOUBLE: 'DOUBLE',
  FLOAT: 'FLOAT',
  BOOLEAN: 'BOOLEAN',
  DATE: 'DATE',
  TIMESTAMP: 'TIMESTAMPTZ',
  TIMESTAMP_NTZ: 'TIMESTAMP',
};

/**
 * The narrow part of Databricks SQL that the adapter (and the plan and row dialects on it) write, as DuckDB's: quoting, parameters with their types, `<=>`, `explode(from_json(…))`,
 * `range`, `read_files`, three-part table names with `VERSION AS OF`, time types, `LIKE`, the functions of functions.ts. All else is passed on as it stands, and DuckDB says what
 * it thinks of it.
 */
export function translate(tokens: readonly Token[], scope: Scope): Translated {
  const values: Record<string, string> = {};
  const cursor = new Cursor(tokens);
  const parts: string[] = [];
  let end = tokens[0]?.at ?? 0;
  while (!cursor.done) {
    const at = cursor.peek()?.at ?? 0;
    if (at > end) parts.push(' ');
    parts.push(piece(cursor, scope, values));
    end = endOf(tokens, cursor);
  }
  return { sql: parts.join(''), values };
}

function endOf(tokens: readonly Token[], cursor: Cursor): number {
  const next = cursor.peek();
  const last = next ? tokens[tokens.indexOf(next) - 1] : tokens.at(-1);
  return (last?.at ?? 0) + (last?.raw.length ?? 0);
}

function piece(cursor: Cursor, scope: Scope, values: Record<string, string>): string {
  const token = cursor.take();
  switch (token.kind) {
    case 'text':
      return quoteText(token.value);
    case 'name':
      return cursor.peek()?.value === '.' && token.value === scope.catalog ? tableReference(cursor, scope) : quoteName(token.value);
    case 'parameter':
      return parameterReference(token.value, scope, values);
    case 'word':
      return word(token, cursor, scope, values);
    case 'symbol':
      return token.value === '<=>' ? 'IS NOT DISTINCT FROM' : token.raw;
    case 'number':
      return token.raw;
  }
}

function word(token: Token, cursor: Cursor, scope: Scope, values: Record<string, string>): string {
  const next = cursor.peek();
  // A double-quoted piece is a text here, and a text is no name.
  if (token.value === 'AS' && next?.kind === 'text') throw syntaxError(next.raw);
  const called = next?.value === '(';
  if (called && token.value === 'RANGE') return `(select range as id from range(${translate(cursor.parenthesised(), scope).sql}))`;
  if (called && token.value === 'READ_FILES') return filesReference(cursor.parenthesised(), scope);
  if (called && isFunction(token.value)) {
    const inner = (tokens: readonly Token[]): string => {
      const { sql, values: bound } = translate(tokens, scope);
      Object.assign(values, bound);
      return sql;
    };
    return functionCall(token.value, list(cursor.parenthesised()), { inner, textOf: (argument) => constantOf(argument, scope) });
  }
  if (called && token.value === 'FROM_JSON') {
    const [json = [], schema = []] = list(cursor.parenthesised());
    const inner = translate(json, scope);
    Object.assign(values, inner.values);
    return `from_json(${inner.sql}, ${quoteText(`[${structOf(schema[0]?.value ?? '')}]`)})${element(cursor)}`;
  }
  if (token.value === 'LIMIT' || token.value === 'OFFSET') checkLimit(token.value, next, scope.parameters);
  if (token.value === 'LIKE' || token.value === 'ILIKE') return `${token.raw} ${pattern(cursor, scope, values)}`;
  return WORDS[token.value] ?? token.raw;
}

/** Elements are counted from 0 here, in DuckDB from 1. */
function element(cursor: Cursor): string {
  if (!cursor.accept('[')) return '';
  const index = Number(cursor.of('number'));
  cursor.expect(']');
  return `[${index + 1}]`;
}

/** The backslash is LIKE's escape character where none is named; DuckDB has none by itself. */
function pattern(cursor: Cursor, scope: Scope, values: Record<string, string>): string {
  const token = cursor.peek();
  const text = token && constantOf([token], scope);
  if (text === undefined || cursor.peek(1)?.value === 'ESCAPE') return '';
  checkPattern(text);
  return `${piece(cursor, scope, values)} escape '\\'`;
}

/** What a literal or a parameter says; undefined for any other expression. */
function constantOf(tokens: readonly Token[], { parameters }: Scope): string | undefined {
  const [token] = tokens;
  if (tokens.length !== 1 || !token) return undefined;
  return token.kind === 'parameter' ? parameters.get(token.value)?.text : token.kind === 'text' ? token.value : undefined;
}

/** `array<struct<c0:string,…>>` as the structure that DuckDB's `from_json` takes. */
function structOf(schema: string): string {
  const plain = /^array<(string|bigint)>$/.exec(schema)?.[1];
  if (plain !== undefined) return plain === 'string' ? '"VARCHAR"' : '"BIGINT"';
  const fields = /^array<struct<(.*)>>$/.exec(schema)?.[1];
  if (fields === undefined) throw new SqlError('INVALID_SCHEMA.PARSE_ERROR', '42K07', `The input schema "${schema}" is not a valid schema string.`);
  const pairs = fields.split(',').map((field) => {
    const [name = '', type = ''] = field.split(':');
    if (!/^\w+$/.test(name) || type !== 'string')
      throw new SqlError('INVALID_SCHEMA.PARSE_ERROR', '42K07', `The input schema "${schema}" is not a valid schema string.`);
    return [name, 'VARCHAR'];
  });
  return JSON.stringify(Object.fromEntries(pairs));
}

function parameterReference(name: string, { parameters }: Scope, values: Record<string, string>): string {
  const parameter = parameters.get(name);
  if (!parameter) throw new SqlError('UNBOUND_SQL_PARAMETER', '42P02', `Found the unbound parameter: ${name}.`);
  if (parameter.text === undefined) return 'NULL';
  values[name] = parameter.text;
  const decimal = /^DECIMAL\(\d+,\d+\)$/.exec(parameter.type)?.[0];
  const type = decimal ?? PARAMETER_TYPES[parameter.type];
  if (type === undefined) throw new SqlError('UNSUPPORTED_DATATYPE', '0A000', `Unsupported data type "${parameter.type}".`);
  return `cast($${name} as ${type})`;
}

function tableReference(cursor: Cursor, scope: Scope): string {
  cursor.expect('.');
  const schema = cursor.name();
  cursor.expect('.');
  const name = cursor.name();
  const version = cursor.accept('VERSION', 'AS', 'OF') ? BigInt(cursor.of('number')) : undefined;
  return scope.table(schema, name, version);
}

function filesReference(tokens: readonly Token[], { files }: Scope): string {
  const [path, ...options] = list(tokens);
  if (path?.length !== 1 || path[0]?.kind !== 'text') throw syntaxError('read_files');
  const named = options.map((option): [string, string] => {
    const [key, arrow, value] = option;
    if (option.length !== 3 || !key || arrow?.value !== '=>' || !value) throw syntaxError(option[0]?.raw ?? 'read_files');
    return [key.value, value.value];
  });
  return files(path[0].value, new Map(named));
}

/** `name type, …` of a column list or of a `schema` option. */
export function columnDefinitions(text: string): { name: string; type: string }[] {
  return list(tokensOf(text)).map((tokens) => {
    const cursor = new Cursor(tokens);
    return {
      name: cursor.name(),
      type: cursor
        .rest()
        .map(({ raw }) => raw)
        .join(''),
    };
  });
}
