import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { LakeColumn } from '#libs/lakehouse/lake-type';
import type { LakeDialect } from '#libs/lakehouse/lakehouse';
import type { MakeBatch } from './history-table.ts';

const keep = (): Promise<void> => Promise.resolve();

/** Where the lakehouse is DuckDB it runs the query itself; elsewhere a DuckDB of ours does, and its rows go over as NDJSON. */
export function batchMaker(dialect: LakeDialect, directory: string): MakeBatch {
  if (dialect === 'duckdb') return async (sql) => ({ batch: { select: { sql } }, dispose: keep });
  let engine: Promise<DuckDBInstance> | undefined;
  return async (sql, columns) => {
    engine ??= DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '1GB', temp_directory: join(directory, 'tmp') });
    const path = join(directory, `${randomUUID()}.ndjson`);
    const connection = await (await engine).connect();
    try {
      await connection.run("set TimeZone = 'UTC'");
      await connection.run(`copy (select ${columns.map(asText).join(', ')} from (${sql})) to '${path.replaceAll("'", "''")}' (format json)`);
    } finally {
      connection.closeSync();
    }
    return { batch: { ndjson: [path] }, dispose: () => rm(path, { force: true }) };
  };
}

/** A value as NDJSON has it (libs/lakehouse/lake-type.ts). */
function asText({ name, type }: LakeColumn): string {
  const quoted = `"${name.replaceAll('"', '""')}"`;
  if (type === 'binary') return `base64(${quoted}) as ${quoted}`;
  if (type === 'timestamp') return `strftime(cast(${quoted} as TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%fZ') as ${quoted}`;
  if (type === 'timestamp_ntz') return `strftime(${quoted}, '%Y-%m-%dT%H:%M:%S.%f') as ${quoted}`;
  if (type === 'float' || type === 'double') return `replace(replace(cast(${quoted} as VARCHAR), 'inf', 'Infinity'), 'nan', 'NaN') as ${quoted}`;
  return typeof type === 'object' || type === 'date' ? `cast(${quoted} as VARCHAR) as ${quoted}` : quoted;
}
