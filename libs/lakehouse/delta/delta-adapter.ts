import { rm } from 'node:fs/promises';
import { Failure } from '#libs/failure/failure';
import type { Logger } from '#libs/runtime/logger';
import {
  type LakeBatch,
  type LakeChanges,
  type LakeCommit,
  type LakeDefinition,
  type LakeDialect,
  type LakeMoment,
  type LakeQuery,
  type LakeRelation,
  type LakeResult,
  type LakeTable,
  type LakeTableState,
  type LakeVersion,
  type LakeWrite,
  Lakehouse,
} from '../lakehouse.ts';
import type { LakeColumn, LakeValue } from '../lake-type.ts';
import type { AddFile } from './actions.ts';
import { DeltaLog } from './delta-log.ts';
import { DeltaTable } from './delta-table.ts';
import { lakeType } from './duckdb-type.ts';
import type { Session } from './engine.ts';
import { checkReadable } from './features.ts';
import { readParquet } from './parquet.ts';
import { columnsOf, widens } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { namedParameters } from './sql-text.ts';
import { directoryName, tableName } from './table-directory.ts';
import { stateOf } from './table-state.ts';
import { upkeepOf } from './table-properties.ts';
import { vacuum } from './vacuum.ts';
import { rowsOf } from './values.ts';
import type { Workplace } from './workplace.ts';

const TARGET_FILE_BYTES = 64 * 1024 * 1024;
const HOUR_MS = 3_600_000;

/** The embedded lakehouse. Several processes may work on one root. */
export class DeltaLakehouse extends Lakehouse {
  readonly dialect: LakeDialect = 'duckdb';
  readonly #workplace: Workplace;
  readonly #logger: Logger;
  readonly #logs = new Map<string, DeltaLog>();

  constructor(workplace: Workplace, logger: Logger) {
    super();
    this.#workplace = workplace;
    this.#logger = logger;
  }

  async ensureTable(table: LakeTable, definition: LakeDefinition, { evolve = false }: { evolve?: boolean } = {}): Promise<LakeTableState> {
    const writer = this.#writer(table);
    if (!(await this.#log(table).latest()) && (await writer.create(definition))) this.#logger.info({ table: nameOf(table) }, 'lakehouse table created');
    if (evolve) return writer.evolve(definition.columns);
    const state = stateOf(table, await this.#snapshot(table));
    for (const { name } of definition.columns)
      if (!state.columns.some((column) => column.name.toLowerCase() === name.toLowerCase()))
        throw new Failure('misconfigured', `the lakehouse table ${nameOf(table)} has no column ${name}`);
    return state;
  }

  async describe(table: LakeTable, at?: LakeMoment): Promise<LakeTableState | undefined> {
    const snapshot = await this.#find(table, at);
    return snapshot && stateOf(table, snapshot);
  }

  async tables(schema: string): Promise<LakeTable[]> {
    const { storage } = this.#workplace;
    const names = await storage.list(storage.path(directoryName(schema)));
    const found = await Promise.all(
      names
        .filter((name) => !name.startsWith('.'))
        .map(async (name) => {
          const log = await storage.list(storage.path(directoryName(schema), name, '_delta_log'));
          return log.length === 0 ? undefined : { schema, name: tableName(name) };
        }),
    );
    return found.filter((table) => table !== undefined).toSorted((left, right) => (left.name < right.name ? -1 : 1));
  }

  async drop(table: LakeTable): Promise<void> {
    await this.#workplace.storage.dropTable(this.#directory(table));
    this.#logs.delete(this.#directory(table));
  }

  replaceView(): Promise<boolean> {
    return Promise.resolve(false);
  }

  append(table: LakeTable, batch: LakeBatch, options: LakeWrite = {}): Promise<LakeCommit> {
    return this.#writer(table).append(batch, options);
  }

  replace(table: LakeTable, batch: LakeBatch, options: LakeWrite & { where?: Readonly<Record<string, LakeValue>> } = {}): Promise<LakeCommit> {
    return this.#writer(table).replace(batch, options);
  }

  merge(table: LakeTable, batch: LakeBatch, options: LakeWrite & { key: readonly string[]; deleted?: string }): Promise<LakeCommit> {
    return this.#writer(table).merge(batch, options);
  }

  async lastTransaction(table: LakeTable, appId: string): Promise<bigint | undefined> {
    return (await this.#find(table))?.transactions.get(appId);
  }

  async relation(table: LakeTable, at?: LakeMoment): Promise<LakeRelation> {
    const snapshot = await this.#snapshot(table, at);
    checkReadable(nameOf(table), snapshot);
    if (at !== undefined) await this.#checkKept(table, snapshot);
    return this.#relation(table, snapshot, [...snapshot.files.values()], columnsOf(snapshot.metaData.schemaString));
  }

  async changes(table: LakeTable, from: bigint, to: bigint): Promise<LakeChanges> {
    if (from > to) throw new Failure('invalid-input', `changes run from an older version to a newer one, not from ${from} to ${to}`);
    const [old, fresh] = [await this.#snapshot(table, { version: from }), await this.#snapshot(table, { version: to })];
    checkReadable(nameOf(table), old);
    checkReadable(nameOf(table), fresh);
    const columns = columnsOf(fresh.metaData.schemaString);
    checkFits(nameOf(table), columnsOf(old.metaData.schemaString), columns);
    const [addedFiles, removedFiles] = [filesOnlyIn(fresh, old), filesOnlyIn(old, fresh)];
    await this.#checkKept(table, old, removedFiles);
    await this.#checkKept(table, fresh, addedFiles);
    const added = await this.#relation(table, fresh, addedFiles, columns);
    try {
      return { added, removed: await this.#relation(table, old, removedFiles, columns) };
    } catch (error) {
      await added.release();
      throw error;
    }
  }

  async #relation(table: LakeTable, snapshot: Snapshot, files: readonly AddFile[], columns: readonly LakeColumn[]): Promise<LakeRelation> {
    const { storage } = this.#workplace;
    const pathOf = ({ path }: AddFile): string => storage.resolve(this.#directory(table), path);
    const opened = await this.#workplace.open(files.map(pathOf));
    const place = (file: AddFile): string => opened.place(pathOf(file));
    return {
      sql: readParquet({ files, place, columns, partitionBy: snapshot.metaData.partitionColumns }),
      state: stateOf(table, snapshot),
      release: () => Promise.resolve(opened.release()),
    };
  }

  /** A version in the log may be of files that a vacuum has deleted since. */
  async #checkKept(table: LakeTable, snapshot: Snapshot, files: readonly AddFile[] = [...snapshot.files.values()]): Promise<void> {
    const { storage } = this.#workplace;
    const current = (await this.#snapshot(table)).files;
    for (const { path } of files)
      if (!current.has(path) && !(await storage.exists(storage.resolve(this.#directory(table), path))))
        throw new Failure('position-lost', `files of version ${snapshot.version} of ${nameOf(table)} are deleted: it is older than the table keeps`);
  }

  async query({ sql, parameters = {}, signal, timeoutMs, userToken }: LakeQuery): Promise<LakeResult> {
    if (userToken !== undefined) throw new Failure('unsupported', 'the embedded lakehouse has no users of its own: leave userToken out');
    const named = namedParameters(sql);
    const used = Object.fromEntries(named.names.filter((name) => name in parameters).map((name) => [name, parameters[name] ?? null]));
    const limits = { signal, timeoutMs };
    const session = await this.#workplace.queries.openSession();
    try {
      const result = await session.select(named.sql, { parameters: used, ...limits });
      const names = result.deduplicatedColumnNames().slice(0, -1);
      const columns = names.map((name, index): LakeColumn => ({ name, type: lakeType(result.columnType(index).toString()) }));
      return { columns, chunks: chunksOf(session, result, columns, limits) };
    } catch (error) {
      session.close();
      throw error;
    }
  }

  async history(table: LakeTable, limit: number): Promise<LakeVersion[]> {
    const commits = await this.#log(table).commits(limit);
    return commits.map(({ version, timestampMs, actions }) => {
      const info = actions.find(({ commitInfo }) => commitInfo)?.commitInfo;
      return { version, committedAtMs: timestampMs, operation: info?.operation ?? '', note: (info?.['lakeloop'] ?? {}) as Record<string, string> };
    });
  }

  compact(table: LakeTable, { targetFileBytes = TARGET_FILE_BYTES }: { targetFileBytes?: number } = {}): Promise<LakeCommit> {
    return this.#writer(table).compact(targetFileBytes);
  }

  async vacuum(table: LakeTable, { retentionHours }: { retentionHours?: number } = {}): Promise<{ deletedFiles: number }> {
    const snapshot = await this.#snapshot(table);
    const retentionMs = retentionHours === undefined ? upkeepOf(snapshot.metaData.configuration).removedFileRetentionMs : retentionHours * HOUR_MS;
    return vacuum({ storage: this.#workplace.storage, inUse: (path) => this.#workplace.inUse(path) }, this.#directory(table), snapshot, retentionMs);
  }

  ping(): Promise<void> {
    return this.#workplace.storage.ping();
  }

  async close(): Promise<void> {
    this.#workplace.queries.close();
    this.#workplace.engine.close();
    await this.#workplace.storage.close();
    await rm(this.#workplace.temporaryDirectory, { recursive: true, force: true });
  }

  #directory({ schema, name }: LakeTable): string {
    return this.#workplace.storage.path(directoryName(schema), directoryName(name));
  }

  #log(table: LakeTable): DeltaLog {
    const directory = this.#directory(table);
    let log = this.#logs.get(directory);
    if (!log) this.#logs.set(directory, (log = new DeltaLog(this.#workplace, directory)));
    return log;
  }

  #writer(table: LakeTable): DeltaTable {
    return new DeltaTable(table, this.#directory(table), this.#log(table), this.#workplace);
  }

  #find(table: LakeTable, at?: LakeMoment): Promise<Snapshot | undefined> {
    const log = this.#log(table);
    if (at === undefined) return log.latest();
    return 'version' in at ? log.at(at.version) : log.asOf(at.timeMs);
  }

  async #snapshot(table: LakeTable, at?: LakeMoment): Promise<Snapshot> {
    const snapshot = await this.#find(table, at);
    if (snapshot) return snapshot;
    throw new Failure('misconfigured', `the lakehouse has no table ${nameOf(table)}`);
  }
}

async function* chunksOf(
  session: Session,
  result: Awaited<ReturnType<Session['select']>>,
  columns: readonly LakeColumn[],
  limits: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined },
): AsyncGenerator<LakeValue[][]> {
  try {
    for (;;) {
      const fetched = await session.fetch(result, limits);
      if (!fetched) return;
      if (fetched.rowCount > 0) yield rowsOf(fetched.chunk, columns, fetched.rowCount);
    }
  } finally {
    session.close();
  }
}

function filesOnlyIn(snapshot: Snapshot, other: Snapshot): AddFile[] {
  return [...snapshot.files.values()].filter(({ path }) => !other.files.has(path));
}

/** Rows of an older version can be shown in the columns of a newer one, unless somebody replaced the schema in between. */
function checkFits(table: string, old: readonly LakeColumn[], fresh: readonly LakeColumn[]): void {
  for (const { name, type } of old) {
    const column = fresh.find((other) => other.name.toLowerCase() === name.toLowerCase());
    if (!column || !widens(type, column.type)) throw new Failure('unsupported', `the schema of ${table} was replaced between these versions: read it whole`);
  }
}

function nameOf({ schema, name }: LakeTable): string {
  return `${schema}.${name}`;
}
