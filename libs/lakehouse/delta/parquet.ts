import { randomUUID } from 'node:crypto';
import type { LakeColumn } from '../lake-type.ts';
import type { AddFile } from './actions.ts';
import { duckdbType, fromPartition, toPartition } from './duckdb-type.ts';
import type { Session } from './engine.ts';
import type { DeltaStorage } from './storage.ts';
import { quoteName, quoteText } from './sql-text.ts';
import { type ColumnStatistics, statisticsOf } from './statistics.ts';

export interface FileTarget {
  storage: DeltaStorage;
  directory: string;
  columns: readonly LakeColumn[];
  partitionBy: readonly string[];
  /** False where rows only move. */
  dataChange: boolean;
  /** Told of each file before it is written, so that a vacuum spares it. */
  onFile: (path: string) => void;
}

/** Writes a FROM item as parquet files, one for each partition in it, and makes them durable. No rows, no file. Partition values are in the log, not in the files. */
export async function writeParquet(session: Session, relation: string, target: FileTarget): Promise<AddFile[]> {
  const partitions = await partitionsOf(session, relation, target);
  const adds: AddFile[] = [];
  for (const values of partitions) {
    const add = await writeFile(session, relation, values, target);
    if (add) adds.push(add);
  }
  if (adds.length > 0) await target.storage.settle(target.directory);
  return adds;
}

async function partitionsOf(session: Session, relation: string, { columns, partitionBy }: FileTarget): Promise<Record<string, string | null>[]> {
  if (partitionBy.length === 0) return [{}];
  const by = partitionColumns(columns, partitionBy);
  const rows = await session.rows<(string | null)[]>(`select distinct ${by.map(toPartitionKey).join(', ')} from ${relation} order by all`);
  return rows.map((row) => Object.fromEntries(by.map(({ name }, index) => [name, row[index] ?? null])));
}

async function writeFile(session: Session, relation: string, values: Record<string, string | null>, target: FileTarget): Promise<AddFile | undefined> {
  const { storage, directory, columns, partitionBy, dataChange } = target;
  const path = `part-${randomUUID()}.parquet`;
  target.onFile(path);
  const kept = columns.filter(({ name }) => !partitionBy.includes(name));
  // A table of partition columns alone would have files without columns: parquet has none such.
  const items = kept.length === 0 ? ['null::INTEGER as _'] : kept.map(({ name }) => quoteName(name));
  const where = partitionColumns(columns, partitionBy).map((column) => `${toPartitionKey(column)} is not distinct from ${literal(values[column.name])}`);
  const query = `select ${items.join(', ')} from ${relation}${where.length === 0 ? '' : ` where ${where.join(' and ')}`}`;
  let rows = 0;
  let found: unknown;
  const size = await storage.write(`${directory}/${path}`, async (place) => {
    const [row] = await session.rows<[string, bigint, bigint, bigint, unknown]>(`copy (${query}) to ${quoteText(place)} (format parquet, return_stats true)`);
    rows = Number(row?.[1] ?? 0n);
    found = row?.[4];
    return rows > 0;
  });
  if (size === undefined) return undefined;
  const stats = statisticsOf(rows, kept, statisticsByName(found));
  return { path, partitionValues: values, size, modificationTime: Date.now(), dataChange, stats };
}

/** The text of a partition column's value; the empty text is null's. */
export function toPartitionKey(column: LakeColumn): string {
  return `nullif(${toPartition(column)}, '')`;
}

function literal(value: string | null | undefined): string {
  return value === null || value === undefined ? 'null' : quoteText(value);
}

export function partitionColumns(columns: readonly LakeColumn[], partitionBy: readonly string[]): LakeColumn[] {
  return partitionBy.map((name) => columns.find((column) => column.name === name)).filter((column) => column !== undefined);
}

/** `column_statistics` is a map of quoted names to maps of texts. */
export function statisticsByName(found: unknown): Map<string, ColumnStatistics> {
  const entries = (found as { key: string; value: { key: string; value: string }[] }[] | null) ?? [];
  return new Map(
    entries
      .filter(({ key }) => key.startsWith('"') && key.endsWith('"'))
      .map(({ key, value }) => [key.slice(1, -1).replaceAll('""', '"'), Object.fromEntries(value.map((item) => [item.key, item.value]))]),
  );
}

export interface FileSource {
  files: readonly AddFile[];
  /** Where a file is on this machine. */
  place: (file: AddFile) => string;
  columns: readonly LakeColumn[];
  partitionBy: readonly string[];
  /** Names the column that holds each row's file, when asked for. */
  path?: string;
}

/** Files as a FROM item with the table's columns, typed: columns that a file lacks are null, partition values come from the log. */
export function readParquet({ files, place, columns, partitionBy, path }: FileSource): string {
  // A nested type is the file's own affair.
  const untyped = files.length === 0 ? 'null::VARCHAR' : 'null';
  const typed = columns.map(({ name, type }) => `${duckdbType(type) === undefined ? untyped : `null::${duckdbType(type)}`} as ${quoteName(name)}`);
  const empty = `select ${[...typed, ...(path === undefined ? [] : [`null::VARCHAR as ${quoteName(path)}`])].join(', ')} where false`;
  const groups = Map.groupBy(files, ({ partitionValues }) => JSON.stringify(partitionBy.map((name) => partitionValues[name] ?? null)));
  const own = columns.filter(({ name }) => !partitionBy.includes(name));
  const parts = Array.from(groups.values(), (group) => {
    const list = group.map((file) => quoteText(place(file))).join(', ');
    const values = partitionColumns(columns, partitionBy).map(
      (column) => `${fromPartition(group[0]?.partitionValues[column.name], column)} as ${quoteName(column.name)}`,
    );
    // Some writers keep partition columns in the files too: the log's word counts.
    const byLog = partitionBy.map((name) => quoteText(name.toLowerCase())).join(', ');
    const stored = partitionBy.length === 0 ? '*' : `columns(c -> lower(c) not in (${byLog}))`;
    const items = own.length === 0 ? [...values, ...(path === undefined ? [] : [quoteName(path)])] : [stored, ...values];
    return `select ${items.join(', ')} from read_parquet([${list}], union_by_name = true, hive_partitioning = false${path === undefined ? '' : `, filename = ${quoteText(path)}`})`;
  });
  const wanted = columns.map((column) => {
    const name = duckdbType(column.type);
    return name === undefined ? quoteName(column.name) : `cast(${quoteName(column.name)} as ${name}) as ${quoteName(column.name)}`;
  });
  const outer = [...wanted, ...(path === undefined ? [] : [quoteName(path)])].join(', ');
  return `(select ${outer} from (${[empty, ...parts].join(' union all by name ')}))`;
}
