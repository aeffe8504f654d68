import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { duckdbType } from '#libs/lakehouse/delta/duckdb-type';
import { quoteName, quoteText } from '#libs/lakehouse/delta/sql-text';
import type { LakeRelation } from '#libs/lakehouse/lakehouse';
import type { LakeColumn } from '#libs/lakehouse/lake-type';
import type { Catalog } from './catalog.ts';
import { fromDuckDb, SqlError } from './sql-error.ts';
import { type Condition, type TableName, tablesIn, type Write } from './statement.ts';
import type { Token } from './tokens.ts';
import { type Scope, translate } from './translate.ts';

export type Step = Write | ({ kind: 'signal-if' } & Condition);

/** A table that a transaction writes: its rows in DuckDB, and how it was written. */
interface Copy {
  table: TableName;
  relation: string;
  columns: readonly LakeColumn[];
  /** Row identifiers from here on are new rows; undefined once old rows have changed. */
  appendedFrom: bigint | undefined;
  operation: string;
  rows: bigint;
}

export interface Affected {
  affected: bigint;
  inserted: bigint;
}

/**
 * Runs the writes of one transaction on copies in DuckDB, then commits each written table as one version. Whatever can fail fails before the first commit, so
 * a transaction over several tables is in all of them or in none.
 */
export class Writer {
  readonly #connection: DuckDBConnection;
  readonly #catalog: Catalog;
  readonly #scope: Omit<Scope, 'table'>;
  readonly #directory: string;
  readonly #copies = new Map<string, Copy>();
  readonly #relations = new Map<string, LakeRelation>();

  constructor(connection: DuckDBConnection, catalog: Catalog, scope: Omit<Scope, 'table'>, directory: string) {
    this.#connection = connection;
    this.#catalog = catalog;
    this.#scope = scope;
    this.#directory = directory;
  }

  async run(steps: readonly Step[]): Promise<Affected> {
    let affected: Affected = { affected: 0n, inserted: 0n };
    try {
      for (const step of steps) if (step.kind !== 'signal-if') await this.#copy(step.table);
      for (const step of steps) {
        if (step.kind === 'signal-if') await this.#signal(step);
        else affected = await this.#write(step);
      }
      for (const copy of this.#copies.values()) await this.#commit(copy);
      return affected;
    } finally {
      for (const copy of this.#copies.values()) await this.#connection.run(`drop table if exists ${copy.relation}`);
      for (const relation of this.#relations.values()) await relation.release();
    }
  }

  async #copy(table: TableName): Promise<void> {
    const key = this.#catalog.fullName(table);
    if (this.#copies.has(key)) return;
    const { columns } = await this.#catalog.state(table);
    const source = await this.#catalog.relation(table, undefined);
    this.#relations.set(`copy ${key}`, source);
    const relation = `"copy_${randomUUID().replaceAll('-', '')}"`;
    const definitions = columns.map((column) => `${quoteName(column.name)} ${duckdbType(column.type)}${column.nullable === false ? ' not null' : ''}`);
    await this.#connection.run(`create temp table ${relation} (${definitions.join(', ')})`);
    await this.#connection.run(`insert into ${relation} by name select * from ${source.sql}`);
    const appendedFrom = BigInt((await this.#one(`select coalesce(max(rowid) + 1, 0) from ${relation}`)) as bigint | number);
    this.#copies.set(key, { table, relation, columns, appendedFrom, operation: 'WRITE', rows: 0n });
  }

  async #signal({ condition, sqlState, message }: Condition): Promise<void> {
    const { sql, values } = await this.#translate(condition);
    const holds = await this.#one(`select ${sql}`, values);
    if (holds === true) throw new SqlError('USER_RAISED_EXCEPTION', sqlState, message);
  }

  async #write(step: Write): Promise<Affected> {
    const copy = this.#copies.get(this.#catalog.fullName(step.table));
    if (!copy) throw new SqlError('INTERNAL_ERROR', 'XX000', 'no copy');
    try {
      switch (step.kind) {
        case 'insert':
          return await this.#insert(copy, step);
        case 'replace-where':
          return await this.#replaceWhere(copy, step);
        case 'merge':
          return await this.#merge(copy, step);
      }
    } catch (error) {
      throw fromDuckDb(error);
    }
  }

  async #insert(copy: Copy, { columns, query, overwrite }: Write & { kind: 'insert' }): Promise<Affected> {
    const { sql, values } = await this.#translate(query);
    if (overwrite) {
      // The query may read what it replaces.
      await this.#connection.run(`create temp table "replacement" as ${sql}`, values);
      await this.#connection.run(`delete from ${copy.relation}`);
      copy.appendedFrom = undefined;
    }
    const list = columns.length === 0 ? '' : `(${columns.map(quoteName).join(', ')})`;
    const inserted = await this.#change(`insert into ${copy.relation} ${list} ${overwrite ? 'select * from "replacement"' : sql}`, overwrite ? {} : values);
    if (overwrite) await this.#connection.run('drop table "replacement"');
    copy.rows += inserted;
    return { affected: inserted, inserted };
  }

  async #replaceWhere(copy: Copy, { condition, query }: Write & { kind: 'replace-where' }): Promise<Affected> {
    const where = await this.#translate(condition);
    const { sql, values } = await this.#translate(query);
    await this.#connection.run('drop table if exists "replacement"');
    await this.#connection.run(`create temp table "replacement" as ${sql}`, values);
    const stray = await this.#one(`select count(*) from "replacement" where not coalesce((${where.sql}), false)`, where.values);
    if (stray !== 0n)
      throw new SqlError('DELTA_REPLACE_WHERE_MISMATCH', '44000', 'Written data does not conform to partial table overwrite condition or constraint.');
    await this.#connection.run(`delete from ${copy.relation} where ${where.sql}`, where.values);
    copy.appendedFrom = undefined;
    const inserted = await this.#change(`insert into ${copy.relation} select * from "replacement"`, {});
    await this.#connection.run('drop table "replacement"');
    copy.rows += inserted;
    return { affected: inserted, inserted };
  }

  async #merge(copy: Copy, { rest }: Write & { kind: 'merge' }): Promise<Affected> {
    const { sql, values } = await this.#translate(rest);
    const affected = await this.#change(`merge into ${copy.relation} ${sql}`, values);
    copy.appendedFrom = undefined;
    copy.operation = 'MERGE';
    copy.rows += affected;
    return { affected, inserted: affected };
  }

  async #commit({ table, relation, columns, appendedFrom, operation, rows }: Copy): Promise<void> {
    const file = `${this.#directory}/${randomUUID()}.parquet`;
    const names = columns.map(({ name }) => quoteName(name)).join(', ');
    const where = appendedFrom === undefined ? '' : ` where rowid >= ${appendedFrom}`;
    await this.#connection.run(`copy (select ${names} from ${relation}${where}) to ${quoteText(file)} (format parquet)`);
    try {
      const batch = { select: { sql: `select * from read_parquet(${quoteText(file)})` } };
      await this.#catalog.write(table, batch, { append: appendedFrom !== undefined, operation, rows });
    } finally {
      rmSync(file, { force: true });
    }
  }

  async #translate(tokens: readonly Token[]): Promise<{ sql: string; values: Record<string, string> }> {
    for (const { version, ...table } of tablesIn(tokens, this.#catalog.name)) {
      const key = `${this.#catalog.fullName(table)}@${version ?? ''}`;
      if (version === undefined && this.#copies.has(this.#catalog.fullName(table))) continue;
      if (!this.#relations.has(key)) this.#relations.set(key, await this.#catalog.relation(table, version));
    }
    return translate(tokens, {
      ...this.#scope,
      table: (schema, name, version) => {
        const full = this.#catalog.fullName({ schema: schema.toLowerCase(), name: name.toLowerCase() });
        const copy = version === undefined ? this.#copies.get(full) : undefined;
        return copy?.relation ?? this.#relations.get(`${full}@${version ?? ''}`)?.sql ?? '';
      },
    });
  }

  async #one(sql: string, values: Record<string, string> = {}): Promise<unknown> {
    const reader = await this.#connection.runAndReadAll(sql, values);
    return reader.getRowsJS()[0]?.[0];
  }

  async #change(sql: string, values: Record<string, string>): Promise<bigint> {
    const result = await this.#connection.run(sql, values);
    return BigInt(result.rowsChanged);
  }
}
