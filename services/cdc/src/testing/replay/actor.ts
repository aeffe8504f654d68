import pg from 'pg';
import { quoteIdentifier as quote } from '#libs/postgres/identifiers';
import type { Step } from './steps.ts';

/** Types of columns that are added, each with SQL of its n-th value. Those of 30 and more are too large for their row, and can't be compressed. */
const random = (n: number): string => `(select string_agg(md5('${n}' || i), '') from generate_series(1, ${n < 30 ? 2 : 150}) i)`;
const TYPES: readonly { type: string; value: (n: number) => string }[] = [
  { type: 'text', value: random },
  { type: 'integer', value: (n) => String(n * 7) },
  { type: 'numeric', value: (n) => `${n}.${n}0` },
  { type: 'jsonb', value: (n) => `jsonb_build_object('n', ${n}, 'x', ${random(n)})` },
  { type: 'bytea', value: (n) => `decode(${random(n)}, 'hex')` },
  { type: 'text[]', value: (n) => `array['a "b"', null, ${random(n)}]` },
  { type: 'timestamp with time zone', value: (n) => `'2026-01-01 00:00:00.${n}+01'::timestamptz` },
  { type: 'boolean', value: (n) => String(n % 2 === 0) },
];
const WIDER: Readonly<Record<string, string>> = { integer: 'bigint', bigint: 'numeric(30,0)' };
const KEYS = { integer: 'k integer primary key', text: 'k text primary key', both: 'b integer, k text, primary key (b, k)' };

interface Table {
  name: string;
  key: { name: string; type: string }[];
  columns: { name: string; type: string }[];
}

/** Rows, and the SQL by which a test reads them, as the envelope has them: written here from envelope.md, not by capture's own code. */
const AS_JSON: Readonly<Record<string, (column: string) => string>> = {
  bytea: (column) => `translate(encode(${column}, 'base64'), E'\\n', '')`,
  'timestamp with time zone': (column) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
  numeric: (column) => `${column}::text`,
  'numeric(30,0)': (column) => `${column}::text`,
  jsonb: (column) => `${column}::text`,
};

/** A session that does what it is told to the tables of one schema. What the database refuses is undone and nothing else. */
export class Actor {
  readonly #client: pg.Client;
  readonly #schema: string;
  #open = false;
  #savepoints = 0;
  #names = 0;

  private constructor(client: pg.Client, schema: string) {
    this.#client = client;
    this.#schema = schema;
  }

  static async start(connectionString: string, schema: string): Promise<Actor> {
    const client = new pg.Client({ connectionString });
    await client.connect();
    // Where the sessions would wait for each other, a step is refused.
    await client.query(`set lock_timeout = '20ms'; set synchronous_commit = off`);
    return new Actor(client, schema);
  }

  async end(): Promise<void> {
    await this.do({ do: 'commit' });
    await this.#client.end();
  }

  async do(step: Step): Promise<void> {
    if (step.do === 'commit' || step.do === 'rollback') return this.#finish(step.do);
    if (!this.#open) await this.#client.query('begin');
    this.#open = true;
    if (step.do === 'savepoint') return void (await this.#client.query(`savepoint s${(this.#savepoints += 1)}`));
    if (step.do === 'rollback-to' || step.do === 'release') return this.#leave(step.do);
    await this.#client.query('savepoint step');
    try {
      const sql = await this.#sql(step);
      if (sql) await this.#client.query(sql);
      await this.#client.query('release step');
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      await this.#client.query('rollback to step; release step');
    }
  }

  /** Writes a row of its own to every table: what was done to a table is in the stream once a change of it follows. */
  async touch(): Promise<void> {
    for (const table of await this.#tables()) {
      const columns = table.key.map(({ name }) => quote(name));
      await this.#client.query(
        `insert into ${this.#named(table)} (${columns.join(', ')}) values (${table.key.map(({ type }) => (type === 'text' ? `'last'` : '99')).join(', ')})`,
      );
    }
  }

  /** Every table with its rows as its events have them, by table and key. */
  async tables(): Promise<Record<string, Record<string, unknown>>> {
    const tables: Record<string, Record<string, unknown>> = {};
    for (const table of await this.#tables()) {
      const json = ({ name, type }: Table['columns'][number]): string => `'${name}', ${AS_JSON[type]?.(quote(name)) ?? quote(name)}`;
      const { rows } = await this.#client.query<{ key: object; row: object }>(
        `select json_build_object(${table.key.map(json).join(', ')}) as key, json_build_object(${table.columns.map(json).join(', ')}) as row from ${this.#named(table)}`,
      );
      tables[table.name] = Object.fromEntries(rows.map(({ key, row }) => [JSON.stringify(key), row]));
    }
    return tables;
  }

  async #finish(how: 'commit' | 'rollback'): Promise<void> {
    if (this.#open) await this.#client.query(how);
    this.#open = false;
    this.#savepoints = 0;
  }

  async #leave(how: 'rollback-to' | 'release'): Promise<void> {
    if (this.#savepoints === 0) return;
    await this.#client.query(`${how === 'release' ? how : 'rollback to'} s${this.#savepoints}`);
    if (how === 'release') this.#savepoints -= 1;
  }

  async #tables(): Promise<Table[]> {
    const { rows } = await this.#client.query<Table>(
      `select c.relname as name,
              (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
                 from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey) where i.indrelid = c.oid and i.indisprimary) as key,
              (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
                 from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
         from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'r' order by c.oid`,
      [quote(this.#schema)],
    );
    return rows;
  }

  async #sql(step: Exclude<Step, { do: 'commit' | 'rollback' | 'savepoint' | 'rollback-to' | 'release' }>): Promise<string | undefined> {
    const tables = await this.#tables();
    if (step.do === 'create-table') return this.#create(step);
    if (step.do === 'truncate') {
      const names = new Set(step.tables.map((table) => tables[table % tables.length]).flatMap((table) => (table ? [this.#named(table)] : [])));
      return names.size === 0 ? undefined : `truncate ${[...names].join(', ')}`;
    }
    const table = tables[step.table % Math.max(1, tables.length)];
    if (!table) return undefined;
    return 'columns' in step || step.do === 'move-key' || step.do === 'delete' ? this.#rows(table, step) : this.#alter(table, step);
  }

  #create({ type, key }: Extract<Step, { do: 'create-table' }>): string {
    const name = this.#name('table');
    return `create table ${quote(this.#schema)}.${quote(name)} (a ${this.#type(type).type}, ${KEYS[key]}, n text)`;
  }

  #rows(table: Table, step: Extract<Step, { columns: number[] } | { do: 'move-key' | 'delete' }>): string {
    const name = this.#named(table);
    const where = table.key.map(({ name: column, type }) => `${quote(column)} = ${keyValue(type, step.key)}`).join(' and ');
    if (step.do === 'delete') return `delete from ${name} where ${step.many ? 'true' : where}`;
    if (step.do === 'move-key')
      return `update ${name} set ${table.key.map(({ name: column, type }) => `${quote(column)} = ${keyValue(type, step.to)}`).join(', ')} where ${where}`;
    const others = table.columns.filter((column) => !table.key.some(({ name: key }) => key === column.name));
    const chosen = [...new Set(step.columns.map((column) => others[column % Math.max(1, others.length)]))].filter((column) => column !== undefined);
    const sets = chosen.map(({ name: column, type }, index) => [quote(column), valueOf(type, step.values[index] ?? 0)] as const);
    const assignments = (sets.length > 0 ? sets : table.key.map(({ name: key }) => [quote(key), quote(key)] as const))
      .map((pair) => pair.join(' = '))
      .join(', ');
    if (step.do === 'update' || step.do === 'update-many') return `update ${name} set ${assignments} where ${step.do === 'update' ? where : 'true'}`;
    const columns = [...table.key.map(({ name: key, type }) => [quote(key), keyValue(type, step.key)] as const), ...sets];
    const insert = `insert into ${name} (${columns.map(([column]) => column).join(', ')}) values (${columns.map(([, value]) => value).join(', ')})`;
    return step.do === 'insert' ? insert : `${insert} on conflict (${table.key.map(({ name: key }) => quote(key)).join(', ')}) do update set ${assignments}`;
  }

  #alter(
    table: Table,
    step: Extract<Step, { do: 'add-column' | 'drop-column' | 'rename-column' | 'widen-column' | 'drop-table' | 'rename-table' | 'identity' }>,
  ): string {
    const alter = `alter table ${this.#named(table)}`;
    if (step.do === 'add-column') return `${alter} add ${quote(this.#name('column'))} ${this.#type(step.type).type}`;
    if (step.do === 'drop-table') return `drop table ${this.#named(table)}`;
    if (step.do === 'rename-table') return `${alter} rename to ${quote(this.#name('table'))}`;
    if (step.do === 'identity') return `${alter} replica identity ${step.full ? 'full' : 'default'}`;
    const column = table.columns[step.column % table.columns.length];
    const isKey = table.key.some(({ name }) => name === column?.name);
    if (!column || isKey) return 'select';
    if (step.do === 'drop-column') return `${alter} drop ${quote(column.name)}`;
    if (step.do === 'rename-column') return `${alter} rename ${quote(column.name)} to ${quote(this.#name('column'))}`;
    return `${alter} alter ${quote(column.name)} type ${WIDER[column.type] === 'bigint' ? 'bigint' : column.type}`;
  }

  /** Never used before, by either session. */
  #name(what: string): string {
    this.#names += 1;
    return `${what} "${this.#schema}.${process.hrtime.bigint().toString(36)}${this.#names}`;
  }

  #type(index: number): (typeof TYPES)[number] {
    return TYPES[index % TYPES.length] as (typeof TYPES)[number];
  }

  #named({ name }: Table): string {
    return `${quote(this.#schema)}.${quote(name)}`;
  }
}

function keyValue(type: string, n: number): string {
  return type === 'text' ? `'key ${n}'` : String(n % 3);
}

function valueOf(type: string, n: number): string {
  return n === 0 ? 'null' : ((TYPES.find((candidate) => candidate.type === type) ?? TYPES[1])?.value(n) ?? 'null');
}
