import { syntaxError } from './sql-error.ts';
import { Cursor, list, type Token, tokensOf } from './tokens.ts';

export interface TableName {
  schema: string;
  name: string;
}

export interface ColumnDefinition {
  name: string;
  type: string;
  nullable: boolean;
  comment?: string;
}

export interface Condition {
  condition: Token[];
  sqlState: string;
  message: string;
}

export type Write =
  | { kind: 'insert'; table: TableName; columns: string[]; query: Token[]; overwrite: boolean }
  | { kind: 'replace-where'; table: TableName; condition: Token[]; query: Token[] }
  | { kind: 'merge'; table: TableName; rest: Token[] };

export type Statement =
  | Write
  | { kind: 'query'; tokens: Token[] }
  | { kind: 'atomic'; steps: (Write | ({ kind: 'signal-if' } & Condition))[] }
  | { kind: 'create-schema'; schema: string }
  | {
      kind: 'create-table';
      table: TableName;
      ifNotExists: boolean;
      columns: ColumnDefinition[];
      partitionBy: string[];
      comment?: string;
      properties: Record<string, string>;
      query?: Token[];
    }
  | { kind: 'drop-table'; table: TableName; ifExists: boolean }
  | { kind: 'create-view'; view: TableName; query: string }
  | { kind: 'show-views'; schema: string }
  | { kind: 'show-tables'; schema: string }
  | { kind: 'describe-json'; table: TableName }
  | { kind: 'describe-detail'; table: TableName }
  | { kind: 'optimize'; table: TableName }
  | { kind: 'describe-history'; table: TableName; limit: number | undefined }
  | { kind: 'add-columns'; table: TableName; columns: ColumnDefinition[] }
  | { kind: 'column-type'; table: TableName; column: string; type: string }
  | { kind: 'set-properties'; table: TableName; properties: Record<string, string> }
  | { kind: 'unset-properties'; table: TableName; names: string[] }
  | { kind: 'vacuum'; table: TableName; hours: number | undefined }
  | { kind: 'put'; localFile: string; path: string; overwrite: boolean }
  | { kind: 'get'; path: string; localFile: string }
  | { kind: 'remove'; path: string };

/** What a statement is; one that is not among those above is a syntax error, never a success. */
export function parse(sql: string, catalog: string): Statement {
  const cursor = new Cursor(tokensOf(sql));
  const statement = new Parser(cursor, catalog, sql).statement();
  cursor.accept(';');
  cursor.end();
  return statement;
}

class Parser {
  readonly #cursor: Cursor;
  readonly #catalog: string;
  readonly #sql: string;

  constructor(cursor: Cursor, catalog: string, sql: string) {
    this.#cursor = cursor;
    this.#catalog = catalog;
    this.#sql = sql;
  }

  statement(): Statement {
    const cursor = this.#cursor;
    if (cursor.accept('BEGIN', 'ATOMIC')) return this.#atomic();
    if (cursor.accept('CREATE', 'SCHEMA', 'IF', 'NOT', 'EXISTS')) return { kind: 'create-schema', schema: this.#schema() };
    if (cursor.accept('CREATE', 'TABLE')) return this.#createTable();
    if (cursor.accept('CREATE', 'OR', 'REPLACE', 'VIEW')) return this.#createView();
    if (cursor.accept('DROP', 'TABLE')) {
      const ifExists = cursor.accept('IF', 'EXISTS');
      return { kind: 'drop-table', ifExists, table: this.#table() };
    }
    if (cursor.accept('SHOW', 'VIEWS', 'IN')) return { kind: 'show-views', schema: this.#schema() };
    if (cursor.accept('SHOW', 'TABLES', 'IN')) return { kind: 'show-tables', schema: this.#schema() };
    if (cursor.accept('DESCRIBE')) return this.#describe();
    if (cursor.accept('ALTER', 'TABLE')) return this.#alter();
    if (cursor.accept('OPTIMIZE')) return { kind: 'optimize', table: this.#table() };
    if (cursor.accept('VACUUM')) return this.#vacuum();
    const write = this.#write();
    if (write) return write;
    return this.#staging() ?? this.#query();
  }

  #query(): Statement {
    const first = this.#cursor.peek();
    if (!first || !(['SELECT', 'WITH', 'VALUES'].includes(first.value) || first.value === '(')) throw syntaxError(first?.raw ?? 'end of input');
    return { kind: 'query', tokens: this.#cursor.until(';') };
  }

  #staging(): Statement | undefined {
    const cursor = this.#cursor;
    if (cursor.accept('PUT')) {
      const localFile = cursor.of('text');
      cursor.expect('INTO');
      return { kind: 'put', localFile, path: cursor.of('text'), overwrite: cursor.accept('OVERWRITE') };
    }
    if (cursor.accept('GET')) {
      const path = cursor.of('text');
      cursor.expect('TO');
      return { kind: 'get', path, localFile: cursor.of('text') };
    }
    if (cursor.accept('REMOVE')) return { kind: 'remove', path: cursor.of('text') };
    return undefined;
  }

  #vacuum(): Statement {
    const table = this.#table();
    if (!this.#cursor.accept('RETAIN')) return { kind: 'vacuum', table, hours: undefined };
    const hours = Number(this.#cursor.of('number'));
    this.#cursor.expect('HOURS');
    return { kind: 'vacuum', table, hours };
  }

  #describe(): Statement {
    const cursor = this.#cursor;
    if (cursor.accept('DETAIL')) return { kind: 'describe-detail', table: this.#table() };
    if (cursor.accept('HISTORY')) {
      const table = this.#table();
      return { kind: 'describe-history', table, limit: cursor.accept('LIMIT') ? Number(cursor.of('number')) : undefined };
    }
    cursor.expect('TABLE', 'EXTENDED');
    const table = this.#table();
    cursor.expect('AS', 'JSON');
    return { kind: 'describe-json', table };
  }

  #alter(): Statement {
    const cursor = this.#cursor;
    const table = this.#table();
    if (cursor.accept('ADD', 'COLUMNS')) return { kind: 'add-columns', table, columns: columnsIn(cursor.parenthesised()) };
    if (cursor.accept('SET', 'TBLPROPERTIES')) return { kind: 'set-properties', table, properties: propertiesIn(cursor.parenthesised()) };
    if (cursor.accept('UNSET', 'TBLPROPERTIES', 'IF', 'EXISTS'))
      return { kind: 'unset-properties', table, names: list(cursor.parenthesised()).map(([name]) => name?.value ?? '') };
    cursor.expect('ALTER', 'COLUMN');
    const column = cursor.name();
    cursor.expect('TYPE');
    return { kind: 'column-type', table, column, type: textOf(cursor.until(';')) };
  }

  #createTable(): Statement {
    const cursor = this.#cursor;
    const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS');
    const table = this.#table();
    const columns = cursor.peek()?.value === '(' ? columnsIn(cursor.parenthesised()) : [];
    cursor.expect('USING', 'DELTA');
    const partitionBy = cursor.accept('PARTITIONED', 'BY') ? namesIn(cursor.parenthesised()) : [];
    const comment = cursor.accept('COMMENT') ? cursor.of('text') : undefined;
    const properties = cursor.accept('TBLPROPERTIES') ? propertiesIn(cursor.parenthesised()) : {};
    const query = cursor.accept('AS') ? cursor.until(';') : undefined;
    return {
      kind: 'create-table',
      table,
      ifNotExists,
      columns,
      partitionBy,
      properties,
      ...(comment === undefined ? {} : { comment }),
      ...(query === undefined ? {} : { query }),
    };
  }

  #createView(): Statement {
    const cursor = this.#cursor;
    const view = this.#table();
    if (cursor.accept('COMMENT')) cursor.of('text');
    cursor.expect('AS');
    const query = cursor.until(';');
    const [first, last] = [query[0], query.at(-1)];
    if (!first || !last) throw syntaxError('end of input');
    return { kind: 'create-view', view, query: this.#sql.slice(first.at, last.at + last.raw.length) };
  }

  #write(): Write | undefined {
    const cursor = this.#cursor;
    if (cursor.accept('INSERT')) {
      const overwrite = cursor.accept('OVERWRITE');
      if (!overwrite) cursor.expect('INTO');
      cursor.accept('TABLE');
      const table = this.#table();
      if (!overwrite && cursor.accept('REPLACE', 'WHERE')) {
        const condition = cursor.until('SELECT', 'WITH');
        return { kind: 'replace-where', table, condition, query: cursor.until(';') };
      }
      const columns = cursor.peek()?.value === '(' ? namesIn(cursor.parenthesised()) : [];
      return { kind: 'insert', table, columns, query: cursor.until(';'), overwrite };
    }
    if (!cursor.accept('MERGE', 'INTO')) return undefined;
    return { kind: 'merge', table: this.#table(), rest: cursor.until(';') };
  }

  #atomic(): Statement {
    const cursor = this.#cursor;
    const steps: (Write | ({ kind: 'signal-if' } & Condition))[] = [];
    while (!cursor.accept('END')) {
      if (cursor.accept('IF')) {
        const condition = cursor.until('THEN');
        cursor.expect('THEN', 'SIGNAL', 'SQLSTATE');
        const sqlState = cursor.of('text');
        cursor.expect('SET', 'MESSAGE_TEXT', '=');
        steps.push({ kind: 'signal-if', condition, sqlState, message: cursor.of('text') });
        cursor.expect(';');
        cursor.expect('END', 'IF');
      } else {
        const write = this.#write();
        if (!write) throw syntaxError(cursor.peek()?.raw ?? 'end of input');
        steps.push(write);
      }
      cursor.expect(';');
    }
    return { kind: 'atomic', steps };
  }

  #schema(): string {
    this.#ownCatalog();
    return this.#cursor.name().toLowerCase();
  }

  #table(): TableName {
    this.#ownCatalog();
    const schema = this.#cursor.name().toLowerCase();
    this.#cursor.expect('.');
    return { schema, name: this.#cursor.name().toLowerCase() };
  }

  #ownCatalog(): void {
    const catalog = this.#cursor.name();
    if (catalog !== this.#catalog) throw syntaxError(catalog);
    this.#cursor.expect('.');
  }
}

function textOf(tokens: readonly Token[]): string {
  return tokens.map(({ raw }) => raw).join('');
}

function namesIn(tokens: readonly Token[]): string[] {
  return list(tokens).map((item) => new Cursor(item).name());
}

function columnsIn(tokens: readonly Token[]): ColumnDefinition[] {
  return list(tokens).map((item) => {
    const cursor = new Cursor(item);
    const name = cursor.name();
    const type = textOf(cursor.until('NOT', 'COMMENT'));
    const nullable = !cursor.accept('NOT', 'NULL');
    const comment = cursor.accept('COMMENT') ? cursor.of('text') : undefined;
    cursor.end();
    return { name, type, nullable, ...(comment === undefined ? {} : { comment }) };
  });
}

function propertiesIn(tokens: readonly Token[]): Record<string, string> {
  return Object.fromEntries(
    list(tokens).map((item) => {
      const cursor = new Cursor(item);
      const name = cursor.of('text');
      cursor.expect('=');
      return [name, cursor.of('text')];
    }),
  );
}

/** The tables that a piece of SQL reads or writes. */
export function tablesIn(tokens: readonly Token[], catalog: string): (TableName & { version: bigint | undefined })[] {
  const found: (TableName & { version: bigint | undefined })[] = [];
  const cursor = new Cursor(tokens);
  while (!cursor.done) {
    const token = cursor.take();
    if (token.kind !== 'name' || token.value !== catalog || !cursor.accept('.')) continue;
    const schema = cursor.name().toLowerCase();
    cursor.expect('.');
    const name = cursor.name().toLowerCase();
    found.push({ schema, name, version: cursor.accept('VERSION', 'AS', 'OF') ? BigInt(cursor.of('number')) : undefined });
  }
  return found;
}
