import { Failure } from '#libs/failure/failure';
import type { LakeMoment, LakeTable, LakeTableState } from '../lakehouse.ts';
import type { LakeColumn } from '../lake-type.ts';
import { qualified } from './quoting.ts';
import { lakeTypeOfJson } from './sql-types.ts';
import type { Warehouse } from './warehouse.ts';

/** A row of DESCRIBE HISTORY. */
export interface HistoryRow {
  version: bigint;
  committedAtMs: number;
  operation: string;
  metrics: Readonly<Record<string, string>>;
}

/** `DESCRIBE TABLE … AS JSON`, as far as it is used. */
interface TableJson {
  type?: string;
  columns: { name: string; type: unknown; nullable?: boolean; comment?: string }[];
  partition_columns?: string[];
  table_properties?: Record<string, string>;
}

export interface TableInfo extends LakeTableState {
  /** Changes when the table is dropped and made anew. */
  id: string;
}

/** Rows of history asked for at first; ten times as many when what is looked for is older. */
const FIRST_PAGE = 100;
const MISSING = /^(TABLE_OR_VIEW_NOT_FOUND|SCHEMA_NOT_FOUND|DELTA_TABLE_NOT_FOUND|UC_)/;

export function isMissing(error: unknown): boolean {
  if (!(error instanceof Failure)) return false;
  const { condition, sqlState } = error.detail;
  return sqlState === '42P01' || sqlState === '42704' || (typeof condition === 'string' && MISSING.test(condition));
}

/** What the catalogue and the Delta log say of tables. */
export class Tables {
  readonly #warehouse: Warehouse;
  readonly #catalog: string;

  constructor(warehouse: Warehouse, catalog: string) {
    this.#warehouse = warehouse;
    this.#catalog = catalog;
  }

  /** The table as of now; undefined when there is none, or a view of that name. */
  async find(table: LakeTable): Promise<TableInfo | undefined> {
    const name = qualified(this.#catalog, table);
    const described = this.#json(name);
    try {
      const [json, detail, [latest]] = await Promise.all([described, this.#one(`DESCRIBE DETAIL ${name}`), this.history(table, 1)]);
      if (!latest) return undefined;
      const files = detail['numFiles'];
      const bytes = detail['sizeInBytes'];
      return {
        table,
        id: String(detail['id']),
        version: latest.version,
        committedAtMs: latest.committedAtMs,
        columns: json.columns.map((column): LakeColumn => ({
          name: column.name,
          type: lakeTypeOfJson(column.type),
          nullable: column.nullable ?? true,
          ...(column.comment === undefined ? {} : { comment: column.comment }),
        })),
        partitionBy: json.partition_columns ?? [],
        properties: json.table_properties ?? {},
        ...(typeof files === 'bigint' || typeof files === 'number' ? { files: Number(files) } : {}),
        ...(typeof bytes === 'bigint' ? { bytes } : {}),
      };
    } catch (error) {
      if (isMissing(error) || (await described.then(({ type }) => type === 'VIEW').catch(() => false))) return undefined;
      throw error;
    }
  }

  async get(table: LakeTable): Promise<TableInfo> {
    const info = await this.find(table);
    if (info) return info;
    throw new Failure('misconfigured', `the lakehouse has no table ${table.schema}.${table.name}`);
  }

  /** The table as of a moment. Columns of an older version: their types as of then, the rest (may it be null, comments, partitions) as of now. */
  async at(table: LakeTable, moment: LakeMoment): Promise<TableInfo | undefined> {
    const now = await this.find(table);
    if (!now) return undefined;
    const row = await this.versionAt(table, moment);
    if (row.version === now.version) return now;
    const { columns, chunks } = await this.#warehouse.run({
      sql: `SELECT * FROM ${qualified(this.#catalog, table)} VERSION AS OF ${row.version} LIMIT 0`,
      repeatable: true,
    });
    for await (const chunk of chunks) void chunk;
    const known = new Map(now.columns.map((column) => [column.name.toLowerCase(), column]));
    const { files: _files, bytes: _bytes, ...rest } = now;
    return {
      ...rest,
      version: row.version,
      committedAtMs: row.committedAtMs,
      columns: columns.map((column) => ({ ...known.get(column.name.toLowerCase()), ...column })),
    };
  }

  /** The version of a moment. One that is not kept, or not there yet: `position-lost`. */
  async versionAt(table: LakeTable, moment: LakeMoment): Promise<HistoryRow> {
    for (let limit = FIRST_PAGE; ; limit *= 10) {
      const rows = await this.history(table, limit);
      const found = rows.find((row) => ('version' in moment ? row.version <= moment.version : row.committedAtMs <= moment.timeMs));
      if (found && (!('version' in moment) || found.version === moment.version)) return found;
      if (found || rows.length < limit) {
        const what = 'version' in moment ? `version ${moment.version}` : `version as of ${new Date(moment.timeMs).toISOString()}`;
        throw new Failure('position-lost', `${table.schema}.${table.name} has no ${what}`);
      }
    }
  }

  /** Versions, newest first. */
  async history(table: LakeTable, limit: number): Promise<HistoryRow[]> {
    const rows = await this.#warehouse.rows({ sql: `DESCRIBE HISTORY ${qualified(this.#catalog, table)} LIMIT ${limit}`, repeatable: true });
    return rows.map((row) => ({
      version: row['version'] as bigint,
      committedAtMs: Date.parse(String(row['timestamp'])),
      operation: String(row['operation']),
      metrics: mapOf(row['operationMetrics']),
    }));
  }

  async #json(name: string): Promise<TableJson> {
    const row = await this.#one(`DESCRIBE TABLE EXTENDED ${name} AS JSON`);
    return JSON.parse(String(row['json_metadata'])) as TableJson;
  }

  async #one(sql: string): Promise<Record<string, unknown>> {
    const [row] = await this.#warehouse.rows({ sql, repeatable: true });
    if (!row) throw new Failure('protocol-violation', `the warehouse answered nothing to ${sql.split(' ').slice(0, 2).join(' ')}`);
    return row;
  }
}

function mapOf(value: unknown): Record<string, string> {
  return typeof value === 'string' && value.startsWith('{') ? (JSON.parse(value) as Record<string, string>) : {};
}
