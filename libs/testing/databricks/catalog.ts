import { randomUUID } from 'node:crypto';

import type { LakeBatch, LakeCommit, LakeDefinition, Lakehouse, LakeRelation, LakeTableState } from '#libs/lakehouse/lakehouse';
import { SqlError, tableNotFound } from './sql-error.ts';
import { tokensOf } from './tokens.ts';
import type { TableName } from './statement.ts';

/** What Unity Catalog and the warehouse keep of a table beside its files. */
export interface Entry {
  id: string;
  createdAtMs: number;
  comment: string | undefined;
  properties: Record<string, string>;
  /** By version: what the Delta log of our writer does not say in Databricks' words. */
  versions: Map<bigint, { operation: string; metrics: Record<string, string> }>;
}

/** One catalogue of Unity Catalog: schemas and managed Delta tables, whose files and versions are real ones. Writes go one at a time. */
export class Catalog {
  readonly name: string;
  readonly lake: Lakehouse;
  readonly schemas = new Set(['default', 'information_schema']);
  readonly #entries = new Map<string, Entry>();
  /** Their queries' texts. */
  readonly #views = new Map<string, string>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(name: string, lake: Lakehouse) {
    this.name = name;
    this.lake = lake;
  }

  /** Runs a write when those before it are done. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  entry(table: TableName): Entry {
    const entry = this.#entries.get(keyOf(table));
    if (!entry) throw tableNotFound(this.fullName(table));
    return entry;
  }

  fullName({ schema, name }: TableName): string {
    return `${this.name}.${schema}.${name}`;
  }

  async state(table: TableName): Promise<LakeTableState> {
    this.entry(table);
    const state = await this.lake.describe(table);
    if (!state) throw tableNotFound(this.fullName(table));
    return state;
  }

  async relation(table: TableName, version: bigint | undefined): Promise<LakeRelation> {
    this.entry(table);
    return this.lake.relation(table, version === undefined ? undefined : { version });
  }

  has(table: TableName): boolean {
    return this.#entries.has(keyOf(table));
  }

  checkSchema(schema: string): void {
    if (!this.schemas.has(schema)) throw new SqlError('SCHEMA_NOT_FOUND', '42704', `The schema \`${this.name}\`.\`${schema}\` cannot be found.`);
  }

  async create(table: TableName, definition: LakeDefinition): Promise<void> {
    this.checkSchema(table.schema);
    const properties = { ...definition.properties };
    if (definition.columns.some(({ name }) => /[ ,;{}()\n\t=]/.test(name)) && properties['delta.columnMapping.mode'] !== 'name')
      throw new SqlError(
        'DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES',
        '42K05',
        'Found invalid character(s) among " ,;{}()\\n\\t=" in the column names of your schema.',
      );
    // Column mapping and other features of the table are Databricks' affair: the files below have none of them.
    await this.lake.ensureTable(table, { columns: definition.columns, ...(definition.partitionBy ? { partitionBy: definition.partitionBy } : {}) });
    this.#entries.set(keyOf(table), { id: randomUUID(), createdAtMs: Date.now(), comment: definition.description, properties, versions: new Map() });
  }

  async drop(table: TableName): Promise<void> {
    await this.lake.drop(table);
    this.#entries.delete(keyOf(table));
  }

  /** Tables and views. */
  tables(schema: string): string[] {
    this.checkSchema(schema);
    return [...namesOf(schema, this.#entries.keys()), ...namesOf(schema, this.#views.keys())];
  }

  views(schema: string): string[] {
    this.checkSchema(schema);
    return namesOf(schema, this.#views.keys());
  }

  isView(table: TableName): boolean {
    return this.#views.has(keyOf(table));
  }

  replaceView(view: TableName, query: string): void {
    this.checkSchema(view.schema);
    if (this.has(view))
      throw new SqlError('EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE', '42809', `'CREATE OR REPLACE VIEW' expects a view but ${this.fullName(view)} is a table.`);
    this.#views.set(keyOf(view), query);
  }

  /** A statement with the queries of the views that it names in their places. */
  withViews(sql: string): string {
    const tokens = tokensOf(sql);
    let text = '';
    let end = 0;
    for (const [index, token] of tokens.entries()) {
      const [dot, schema, point, name] = tokens.slice(index + 1, index + 5);
      if (token.kind !== 'name' || token.value !== this.name || dot?.value !== '.' || point?.value !== '.' || !schema || !name) continue;
      const query = this.#views.get(keyOf({ schema: schema.value.toLowerCase(), name: name.value.toLowerCase() }));
      if (query === undefined) continue;
      text += `${sql.slice(end, token.at)}(${query})`;
      end = name.at + name.raw.length;
    }
    return text + sql.slice(end);
  }

  /** A version without data, as a warehouse writes them for `SET TBLPROPERTIES`, `VACUUM` and the like. */
  async mark(table: TableName, operation: string, metrics: Record<string, string> = {}): Promise<void> {
    const { version } = await this.lake.append(table, { rows: [] });
    this.entry(table).versions.set(version, { operation, metrics });
  }

  async write(table: TableName, batch: LakeBatch, how: { append: boolean; operation: string; rows: bigint }): Promise<LakeCommit> {
    const commit = how.append ? await this.lake.append(table, batch) : await this.lake.replace(table, batch);
    this.entry(table).versions.set(commit.version, { operation: how.operation, metrics: { numOutputRows: String(how.rows) } });
    return commit;
  }
}

function namesOf(schema: string, keys: Iterable<string>): string[] {
  return Array.from(keys, (key) => key.split('\0')).flatMap(([of, name]) => (of === schema && name !== undefined ? [name] : []));
}

function keyOf({ schema, name }: TableName): string {
  return `${schema}\0${name}`;
}
