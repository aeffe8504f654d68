import { randomUUID } from 'node:crypto';
import { Failure } from '#libs/failure/failure';
import type { Logger } from '#libs/runtime/logger';
import {
  type LakeBatch,
  type LakeChanges,
  type LakeCommit,
  type LakeDefinition,
  type LakeDialect,
  Lakehouse,
  type LakeMoment,
  type LakeQuery,
  type LakeRelation,
  type LakeResult,
  type LakeTable,
  type LakeTableState,
  type LakeVersion,
  type LakeWrite,
} from '../lakehouse.ts';
import type { LakeValue } from '../lake-type.ts';
import { type Credentials, StaticToken } from './credentials.ts';
import { Ledger, OWN_PREFIX } from './ledger.ts';
import { prepare } from './parameters.ts';
import { nameOfObject, objectName, qualified, quoteName, quoteText } from './quoting.ts';
import { finish } from './source.ts';
import { isMissing, type TableInfo, Tables } from './table-info.ts';
import { definition, label, TableWriter } from './table-writer.ts';
import { TableUpkeep } from './table-upkeep.ts';
import { UserWarehouses } from './user-warehouses.ts';
import { candidates } from './versions.ts';
import { Warehouse, type WarehouseOptions } from './warehouse.ts';

export interface DatabricksOptions extends WarehouseOptions {
  catalog: string;
  /** `/Volumes/<catalog>/<schema>/<volume>`, where large batches are staged; without it they are refused. */
  volume?: string | undefined;
  /** A batch of objects up to so many bytes of JSON travels in its statement. Default 1 MiB. */
  inlineBytes?: number;
  /** What a user's own token is to the workspace. Default: a token of the workspace, passed as it is. */
  userCredentials?: ((token: string) => Credentials) | undefined;
  /** A user's session that nobody used for so long is closed, ms. Default 60,000. */
  userIdleMs?: number | undefined;
  logger: Logger;
}

const INLINE_BYTES = 1024 * 1024;
const PING_MS = 30_000;
const CONFLICT_WAIT_MS = 50;
/** Characters that a Delta column's name may hold only under column mapping. */
const MAPPED = /[ ,;{}()\n\t=]/;

/** The lakehouse of a Databricks workspace: managed Delta tables of one catalogue of Unity Catalog, by statements on a SQL warehouse. */
export class DatabricksLakehouse extends Lakehouse {
  readonly dialect: LakeDialect = 'databricks';
  readonly #options: DatabricksOptions;
  readonly #warehouse: Warehouse;
  readonly #users: UserWarehouses;
  readonly #tables: Tables;
  readonly #ledger: Ledger;
  readonly #writer: TableWriter;
  readonly #upkeep: TableUpkeep;
  /** By table: writes of this process go one after the other, so that they never conflict with each other. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: DatabricksOptions) {
    super();
    const { catalog, volume, inlineBytes = INLINE_BYTES } = options;
    this.#options = options;
    this.#warehouse = new Warehouse(options);
    const { userCredentials = (token: string): Credentials => new StaticToken(token), userIdleMs } = options;
    this.#users = new UserWarehouses({
      open: (token) => new Warehouse({ ...options, credentials: userCredentials(token), whose: 'user' }),
      idleMs: userIdleMs,
    });
    this.#tables = new Tables(this.#warehouse, catalog);
    this.#ledger = new Ledger(this.#warehouse, catalog);
    this.#upkeep = new TableUpkeep(this.#warehouse, this.#tables, catalog);
    this.#writer = new TableWriter({
      warehouse: this.#warehouse,
      tables: this.#tables,
      ledger: this.#ledger,
      catalog,
      volume,
      inlineBytes,
      conflictWaitMs: options.retry?.initialMs ?? CONFLICT_WAIT_MS,
      stagingTable: (schema) => qualified(catalog, { schema, name: `${OWN_PREFIX}stage_${randomUUID().replaceAll('-', '')}` }),
    });
  }

  async ensureTable(table: LakeTable, wanted: LakeDefinition, { evolve = false }: { evolve?: boolean } = {}): Promise<LakeTableState> {
    let state = await this.#tables.find(table);
    if (!state) {
      await this.#create(table, wanted);
      state = await this.#tables.get(table);
      this.#options.logger.info({ table: label(table) }, 'lakehouse table created');
    }
    if (evolve) {
      const before = state;
      await this.#inTurn(table, () => this.#writer.evolve(before, wanted.columns));
      return stateOf(await this.#tables.get(table));
    }
    for (const { name } of wanted.columns)
      if (!state.columns.some((column) => column.name.toLowerCase() === name.toLowerCase()))
        throw new Failure('misconfigured', `the lakehouse table ${label(table)} has no column ${name}`);
    return stateOf(state);
  }

  async describe(table: LakeTable, at?: LakeMoment): Promise<LakeTableState | undefined> {
    const info = at === undefined ? await this.#tables.find(table) : await this.#tables.at(table, at);
    return info && stateOf(info);
  }

  async tables(schema: string): Promise<LakeTable[]> {
    const name = `${quoteName(this.#options.catalog)}.${quoteName(objectName(schema))}`;
    try {
      const [rows, views] = await Promise.all(['TABLES', 'VIEWS'].map((what) => this.#warehouse.rows({ sql: `SHOW ${what} IN ${name}`, repeatable: true })));
      const hidden = new Set(views?.map((row) => String(row['viewName'])));
      return (rows ?? [])
        .filter((row) => !hidden.has(String(row['tableName'])))
        .map((row) => ({ schema, name: nameOfObject(String(row['tableName'])) }))
        .filter((table) => !table.name.startsWith(OWN_PREFIX))
        .toSorted((left, right) => (left.name < right.name ? -1 : 1));
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  drop(table: LakeTable): Promise<void> {
    return this.#inTurn(table, () => finish(this.#warehouse, { sql: `DROP TABLE IF EXISTS ${this.#name(table)}`, repeatable: true }));
  }

  async replaceView(view: LakeTable, query: (name: (table: LakeTable) => string) => string, description: string): Promise<boolean> {
    const sql = `CREATE OR REPLACE VIEW ${this.#name(view)} COMMENT ${quoteText(description)} AS ${query((table) => this.#name(table))}`;
    await this.#inTurn(view, () => finish(this.#warehouse, { sql, repeatable: true }));
    return true;
  }

  append(table: LakeTable, batch: LakeBatch, options: LakeWrite = {}): Promise<LakeCommit> {
    return this.#inTurn(table, () => this.#writer.append(table, batch, options));
  }

  replace(table: LakeTable, batch: LakeBatch, options: LakeWrite & { where?: Readonly<Record<string, LakeValue>> } = {}): Promise<LakeCommit> {
    return this.#inTurn(table, () => this.#writer.replace(table, batch, options));
  }

  merge(table: LakeTable, batch: LakeBatch, options: LakeWrite & { key: readonly string[]; deleted?: string }): Promise<LakeCommit> {
    return this.#inTurn(table, () => this.#writer.merge(table, batch, options));
  }

  async lastTransaction(table: LakeTable, appId: string): Promise<bigint | undefined> {
    try {
      const info = await this.#tables.find(table);
      return info && (await this.#ledger.lastTransaction(table.schema, info.id, appId));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async relation(table: LakeTable, at?: LakeMoment): Promise<LakeRelation> {
    const info = at === undefined ? await this.#tables.get(table) : await this.#tables.at(table, at);
    if (!info) throw new Failure('misconfigured', `the lakehouse has no table ${label(table)}`);
    const release = this.#upkeep.pin(info);
    return { sql: `(SELECT * FROM ${this.#name(table)} VERSION AS OF ${info.version})`, state: stateOf(info), release: () => Promise.resolve(release()) };
  }

  async changes(table: LakeTable, from: bigint, to: bigint): Promise<LakeChanges> {
    if (from > to) throw new Failure('invalid-input', `changes run from an older version to a newer one, not from ${from} to ${to}`);
    const [old, now] = [await this.relation(table, { version: from }), await this.relation(table, { version: to })];
    const columns = now.state.columns.map(({ name, type }) => ({ name, known: old.state.columns.find((column) => column.name === name), type }));
    const lost = old.state.columns.find(({ name }) => !columns.some((column) => column.name === name));
    if (lost) throw new Failure('unsupported', `${label(table)} has lost its column ${lost.name} between the versions ${from} and ${to}`);
    const before = columns.map(({ name, known }) => (known ? quoteName(name) : `NULL AS ${quoteName(name)}`)).join(', ');
    const after = columns.map(({ name }) => quoteName(name)).join(', ');
    const [left, right] = [`SELECT ${before} FROM ${old.sql}`, `SELECT ${after} FROM ${now.sql}`];
    return {
      added: { sql: `(${right} EXCEPT ALL ${left})`, state: now.state, release: now.release },
      removed: { sql: `(${left} EXCEPT ALL ${right})`, state: old.state, release: old.release },
    };
  }

  async query({ sql, parameters = {}, signal, timeoutMs, userToken }: LakeQuery): Promise<LakeResult> {
    const { sql: text, bound } = prepare(sql, parameters);
    const statement = { sql: text, bound, signal, timeoutMs, repeatable: true };
    if (userToken === undefined) return this.#warehouse.run(statement);
    return this.#users.run(userToken, statement);
  }

  async history(table: LakeTable, limit: number): Promise<LakeVersion[]> {
    const { id } = await this.#tables.get(table);
    const rows = await this.#tables.history(table, limit);
    const oldest = rows.at(-1)?.version ?? 0n;
    const notes = await this.#ledger.notes(table.schema, id, oldest - 1n).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    const byVersion = new Map<bigint, Readonly<Record<string, string>>>();
    for (const { note, ...wanted } of notes) {
      const row = candidates(rows, wanted).find(({ version }) => !byVersion.has(version));
      if (row) byVersion.set(row.version, note);
    }
    return rows.map(({ version, committedAtMs, operation }) => ({ version, committedAtMs, operation, note: byVersion.get(version) ?? {} }));
  }

  compact(table: LakeTable, options: { targetFileBytes?: number } = {}): Promise<LakeCommit> {
    return this.#inTurn(table, () => this.#upkeep.compact(table, options));
  }

  vacuum(table: LakeTable, options: { retentionHours?: number } = {}): Promise<{ deletedFiles: number }> {
    return this.#inTurn(table, () => this.#upkeep.vacuum(table, options));
  }

  async ping(): Promise<void> {
    try {
      await finish(this.#warehouse, { sql: 'SELECT 1', timeoutMs: PING_MS });
    } catch (error) {
      if (error instanceof Failure && error.kind !== 'timeout' && error.kind !== 'overloaded') throw error;
      throw new Failure('dependency-unavailable', 'the SQL warehouse does not answer', { cause: error });
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#turns.values());
    await Promise.all([this.#users.close(), this.#warehouse.close()]);
  }

  async #create(table: LakeTable, { columns, partitionBy = [], description, properties = {} }: LakeDefinition): Promise<void> {
    const known = new Set(columns.map(({ name }) => name));
    const missing = partitionBy.filter((name) => !known.has(name));
    if (missing.length > 0) throw new Failure('misconfigured', `${label(table)} is partitioned by ${missing.join(', ')}, which it does not have`);
    const schema = `${quoteName(this.#options.catalog)}.${quoteName(objectName(table.schema))}`;
    await finish(this.#warehouse, { sql: `CREATE SCHEMA IF NOT EXISTS ${schema}`, repeatable: true });
    const mapping: Record<string, string> = columns.some(({ name }) => MAPPED.test(name)) ? { 'delta.columnMapping.mode': 'name' } : {};
    const all: [string, string][] = Object.entries({ 'delta.feature.catalogManaged': 'supported', ...mapping, ...properties });
    const parts = [
      `CREATE TABLE IF NOT EXISTS ${this.#name(table)} (${columns.map(definition).join(', ')}) USING DELTA`,
      ...(partitionBy.length === 0 ? [] : [`PARTITIONED BY (${partitionBy.map(quoteName).join(', ')})`]),
      ...(description === undefined ? [] : [`COMMENT ${quoteText(description)}`]),
      `TBLPROPERTIES (${all.map(([name, value]) => `${quoteText(name)} = ${quoteText(value)}`).join(', ')})`,
    ];
    await finish(this.#warehouse, { sql: parts.join(' '), repeatable: true });
  }

  #name(table: LakeTable): string {
    return qualified(this.#options.catalog, table);
  }

  #inTurn<T>(table: LakeTable, work: () => Promise<T>): Promise<T> {
    const key = this.#name(table);
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work);
    const settled = turn
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (this.#turns.get(key) === settled) this.#turns.delete(key);
      });
    this.#turns.set(key, settled);
    return turn;
  }
}

function stateOf({ id: _id, ...state }: TableInfo): LakeTableState {
  return state;
}
