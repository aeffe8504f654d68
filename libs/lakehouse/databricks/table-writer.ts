import { Failure } from '#libs/failure/failure';
import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '#libs/runtime/backoff';
import { evolve as evolution } from '../delta/schema.ts';
import type { LakeBatch, LakeCommit, LakeTable, LakeWrite } from '../lakehouse.ts';
import type { LakeColumn, LakeValue } from '../lake-type.ts';
import { ALREADY_APPLIED, type Ledger, OTHER_WRITER } from './ledger.ts';
import { type Bound, parameterOf } from './parameters.ts';
import { qualified, quoteName } from './quoting.ts';
import { finish, type Source, sourceOf } from './source.ts';
import { sqlType } from './sql-types.ts';
import type { TableInfo, Tables } from './table-info.ts';
import { candidates } from './versions.ts';
import type { Warehouse } from './warehouse.ts';

/** Attempts before a write gives way to the others for good. */
const MOST_ATTEMPTS = 12;
/** History rows looked at to find the version that a write made. */
const RECENT = 50;

export interface TableWriterOptions {
  warehouse: Warehouse;
  tables: Tables;
  ledger: Ledger;
  catalog: string;
  volume: string | undefined;
  inlineBytes: number;
  stagingTable: (schema: string) => string;
  /** First wait after a conflict, ms. */
  conflictWaitMs: number;
}

interface Kind {
  /** As DESCRIBE HISTORY names it. */
  operation: 'WRITE' | 'MERGE';
  extra?: readonly LakeColumn[];
  /** Looks at the source before it is written. */
  check?: (source: Source) => Promise<void>;
  statement: (target: string, info: TableInfo, source: Source) => { sql: string; bound?: Bound };
}

/** Writes to tables: one statement each, or one transaction with the ledger where the write carries a `txn` or a note. */
export class TableWriter {
  readonly #options: TableWriterOptions;

  constructor(options: TableWriterOptions) {
    this.#options = options;
  }

  append(table: LakeTable, batch: LakeBatch, options: LakeWrite): Promise<LakeCommit> {
    return this.#write(table, batch, options, {
      operation: 'WRITE',
      statement: (target, { columns }, { sql }) => ({ sql: `INSERT INTO ${target} (${names(columns)}) ${sql}` }),
    });
  }

  replace(table: LakeTable, batch: LakeBatch, { where, ...options }: LakeWrite & { where?: Readonly<Record<string, LakeValue>> }): Promise<LakeCommit> {
    return this.#write(table, batch, options, {
      operation: 'WRITE',
      statement: (target, info, { sql }) => {
        if (where === undefined) return { sql: `INSERT OVERWRITE TABLE ${target} (${names(info.columns)}) ${sql}` };
        const { condition, bound } = partition(info, where);
        return { sql: `INSERT INTO ${target} REPLACE WHERE ${condition} ${sql}`, bound };
      },
    });
  }

  merge(table: LakeTable, batch: LakeBatch, { key, deleted, ...options }: LakeWrite & { key: readonly string[]; deleted?: string }): Promise<LakeCommit> {
    const gone = deleted === undefined ? 'false' : `coalesce(s.${quoteName(deleted)}, false)`;
    return this.#write(table, batch, options, {
      operation: 'MERGE',
      extra: deleted === undefined ? [] : [{ name: deleted, type: 'boolean' }],
      check: (source) => this.#refuseDuplicates(source, key, options.signal),
      statement: (target, { columns }, { sql }) => {
        const same = key.map((name) => `t.${quoteName(name)} <=> s.${quoteName(name)}`).join(' AND ');
        const set = columns.map(({ name }) => `${quoteName(name)} = s.${quoteName(name)}`).join(', ');
        const values = columns.map(({ name }) => `s.${quoteName(name)}`).join(', ');
        const removal = deleted === undefined ? '' : ` WHEN MATCHED AND ${gone} THEN DELETE`;
        const insert = `WHEN NOT MATCHED${deleted === undefined ? '' : ` AND NOT ${gone}`} THEN INSERT (${names(columns)}) VALUES (${values})`;
        return { sql: `MERGE INTO ${target} AS t USING (${sql}) AS s ON ${same}${removal} WHEN MATCHED THEN UPDATE SET ${set} ${insert}` };
      },
    });
  }

  /** Adds and widens columns; `false` when there was nothing to do. */
  async evolve(info: TableInfo, wanted: readonly LakeColumn[]): Promise<boolean> {
    const { warehouse, catalog } = this.#options;
    const { added, widened } = evolution(info.columns, wanted);
    const name = qualified(catalog, info.table);
    const partitioned = widened.find((column) => info.partitionBy.includes(column.name));
    if (partitioned) throw new Failure('misconfigured', `${label(info.table)} is partitioned by ${partitioned.name}: its type can not change`);
    if (added.length > 0) await finish(warehouse, { sql: `ALTER TABLE ${name} ADD COLUMNS (${added.map(definition).join(', ')})` });
    if (widened.length > 0 && info.properties['delta.enableTypeWidening'] !== 'true')
      await finish(warehouse, { sql: `ALTER TABLE ${name} SET TBLPROPERTIES ('delta.enableTypeWidening' = 'true')`, repeatable: true });
    for (const column of widened)
      await finish(warehouse, { sql: `ALTER TABLE ${name} ALTER COLUMN ${quoteName(column.name)} TYPE ${sqlType(column.type)}`, repeatable: true });
    return added.length + widened.length > 0;
  }

  async #write(table: LakeTable, batch: LakeBatch, write: LakeWrite, kind: Kind): Promise<LakeCommit> {
    const { tables, warehouse, ledger, volume, inlineBytes, stagingTable } = this.#options;
    write.signal?.throwIfAborted();
    let info = await tables.get(table);
    if (write.evolve && (await this.evolve(info, write.evolve.columns))) info = await tables.get(table);
    if (write.txn || write.note) await ledger.prepare(table.schema);
    const columns = [...info.columns, ...(kind.extra ?? [])];
    const source = await sourceOf(warehouse, batch, {
      columns,
      strict: write.evolve === undefined,
      stagingTable: () => stagingTable(table.schema),
      volume,
      inlineBytes,
      signal: write.signal,
    });
    try {
      await kind.check?.(source);
      return await this.#attempts(info, write, kind, source);
    } finally {
      await source.dispose();
    }
  }

  /** Delta's conflict detection says no to one of two writes that touch the same: that one is done anew on what the other has left. */
  async #attempts(info: TableInfo, write: LakeWrite, kind: Kind, source: Source): Promise<LakeCommit> {
    const { conflictWaitMs } = this.#options;
    let current = info;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(current, write, kind, source);
      } catch (error) {
        if (!(error instanceof Failure) || error.kind !== 'conflict' || error.detail['sqlState'] === OTHER_WRITER) throw error;
        if (attempt >= MOST_ATTEMPTS)
          throw new Failure('conflict', `${label(info.table)} is written by others so often that this write found no gap in ${MOST_ATTEMPTS} attempts`, {
            cause: error,
          });
        await delay(
          backoffMs(attempt - 1, { initialMs: conflictWaitMs, maxMs: conflictWaitMs * 40 }),
          undefined,
          write.signal ? { signal: write.signal } : {},
        ).catch(() => undefined);
        write.signal?.throwIfAborted();
        current = await this.#options.tables.get(info.table);
      }
    }
  }

  async #once(info: TableInfo, write: LakeWrite, kind: Kind, source: Source): Promise<LakeCommit> {
    const { warehouse, catalog, ledger } = this.#options;
    const { table, version: baseVersion, id: tableId } = info;
    const plain = kind.statement(qualified(catalog, table), info, source);
    const entry = { tableId, baseVersion, operation: kind.operation, rows: source.rows, write };
    const atomic = write.txn || write.note ? ledger.atomic(table.schema, entry, plain.sql) : { sql: plain.sql, bound: {} };
    try {
      // With a txn the guard makes a repetition harmless.
      const statement = {
        sql: atomic.sql,
        bound: { ...source.bound, ...plain.bound, ...atomic.bound },
        repeatable: write.txn !== undefined,
        signal: write.signal,
      };
      const [result] = await warehouse.rows(statement);
      const affected = result?.['num_inserted_rows'] ?? result?.['num_affected_rows'];
      const rows = source.rows ?? (typeof affected === 'bigint' ? affected : 0n);
      const history = await this.#options.tables.history(table, RECENT);
      const made = candidates(history, { baseVersion, operation: kind.operation, rows: source.rows }).at(-1);
      return { version: made?.version ?? history[0]?.version ?? baseVersion, applied: true, rows };
    } catch (error) {
      if (error instanceof Failure && error.detail['sqlState'] === OTHER_WRITER)
        throw new Failure('conflict', `${label(info.table)}: another writer of ${write.txn?.appId} was here`, { cause: error, detail: error.detail });
      if (!(error instanceof Failure) || error.detail['sqlState'] !== ALREADY_APPLIED) throw error;
      const { version } = await this.#options.tables.get(table);
      return { version, applied: false, rows: 0n };
    }
  }

  async #refuseDuplicates({ sql, bound }: Source, key: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const keys = key.map(quoteName).join(', ');
    const counted = `SELECT count(*) AS n FROM (SELECT ${keys} FROM (${sql}) AS s GROUP BY ${keys} HAVING count(*) > 1)`;
    const [row] = await this.#options.warehouse.rows({ sql: counted, bound, repeatable: true, signal });
    if (row?.['n'] !== 0n) throw new Failure('invalid-input', `${String(row?.['n'])} keys come more than once in one batch`);
  }
}

/** Equality with the values of partition columns, typed as the columns are. */
function partition(info: TableInfo, where: Readonly<Record<string, LakeValue>>): { condition: string; bound: Bound } {
  const stray = Object.keys(where).filter((name) => !info.partitionBy.includes(name));
  if (stray.length > 0)
    throw new Failure('invalid-input', `${label(info.table)} is not partitioned by ${stray.join(', ')}: a part of it can't be replaced by that`);
  const bound: Record<string, Bound[string]> = {};
  const conditions = Object.entries(where).map(([name, value], index) => {
    if (value === null) return `${quoteName(name)} IS NULL`;
    const column = info.columns.find((known) => known.name === name);
    bound[`lakeloop_where${index}`] = parameterOf(value, column?.type);
    return `${quoteName(name)} = ${value instanceof Uint8Array ? `unbase64(:lakeloop_where${index})` : `:lakeloop_where${index}`}`;
  });
  return { condition: conditions.length === 0 ? 'true' : conditions.join(' AND '), bound };
}

export function definition({ name, type, nullable = true, comment }: LakeColumn): string {
  const typeName = sqlType(type);
  if (typeName === undefined) throw new Failure('unsupported', `column ${name} has a nested type, which is read but not written`);
  const note = comment === undefined ? '' : ` COMMENT '${comment.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  return `${quoteName(name)} ${typeName}${nullable ? '' : ' NOT NULL'}${note}`;
}

function names(columns: readonly LakeColumn[]): string {
  return columns.map(({ name }) => quoteName(name)).join(', ');
}

export function label({ schema, name }: LakeTable): string {
  return `${schema}.${name}`;
}
