import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure } from '#libs/failure/failure';
import type { LakeBatch } from '../lakehouse.ts';
import type { LakeColumn, LakeValue } from '../lake-type.ts';
import { type Bound, parameterOf, prepare } from './parameters.ts';
import { quoteName, quoteText } from './quoting.ts';
import { sqlType } from './sql-types.ts';
import type { Warehouse, WarehouseStatement } from './warehouse.ts';

/** A batch as a query that yields exactly the wanted columns, typed. */
export interface Source {
  sql: string;
  bound: Bound;
  /** How many rows, where it is known beforehand. */
  rows: bigint | undefined;
  /** Removes what was put into the warehouse for it. */
  dispose: () => Promise<void>;
}

export interface SourceOptions {
  columns: readonly LakeColumn[];
  /** Whether names that no column has are an error. */
  strict: boolean;
  /** A name for a table to load into, quoted and qualified. */
  stagingTable: () => string;
  /** `/Volumes/<catalog>/<schema>/<volume>`; undefined: batches must be small. */
  volume: string | undefined;
  /** Rows up to so many bytes of JSON travel in the statement itself. */
  inlineBytes: number;
  signal?: AbortSignal | undefined;
}

/** Brings a batch to the warehouse: a query is used as it is, few rows go as one parameter, many through files in a volume and a table that is dropped afterwards. */
export async function sourceOf(warehouse: Warehouse, batch: LakeBatch, options: SourceOptions): Promise<Source> {
  if ('select' in batch) return fromQuery(warehouse, batch.select, options);
  if ('ndjson' in batch) return batch.ndjson.length === 0 ? empty(options) : fromFiles(warehouse, batch.ndjson, options);
  const { rows } = batch;
  if (rows.length === 0) return empty(options);
  checkNames([...new Set(rows.flatMap((row) => Object.keys(row)))], options);
  const parts: string[] = [];
  let size = 0;
  for (const row of rows) {
    const text = positional(row, options.columns);
    size += text.length;
    parts.push(text);
    if (size > options.inlineBytes) return fromSpill(warehouse, rows, options);
  }
  return inline(`[${parts.join(',')}]`, BigInt(rows.length), options.columns);
}

/** All values as text in one JSON parameter, cast where they are: no digit passes through a double, and nothing is pasted. */
function inline(json: string, rows: bigint, columns: readonly LakeColumn[]): Source {
  const schema = `array<struct<${columns.map((_, index) => `c${index}:string`).join(',')}>>`;
  const items = columns.map((column, index) => `${cast(`r.c${index}`, column)} AS ${quoteName(column.name)}`);
  const sql = `SELECT ${items.join(', ')} FROM (SELECT explode(from_json(:lakeloop_batch, ${quoteText(schema)})) AS r)`;
  return { sql, bound: { lakeloop_batch: parameterOf(json) }, rows, dispose: nothing };
}

function empty({ columns }: SourceOptions): Source {
  const items = columns.map((column) => `CAST(NULL AS ${typeName(column)}) AS ${quoteName(column.name)}`);
  return { sql: `SELECT ${items.join(', ')} WHERE false`, bound: {}, rows: 0n, dispose: nothing };
}

async function fromQuery(
  warehouse: Warehouse,
  { sql, parameters = {} }: { sql: string; parameters?: Readonly<Record<string, LakeValue>> },
  options: SourceOptions,
): Promise<Source> {
  const { sql: text, bound } = prepare(sql, parameters);
  const { columns: present, chunks } = await warehouse.run({ sql: `SELECT * FROM (${text}) LIMIT 0`, bound, repeatable: true, signal: options.signal });
  await drained(chunks);
  checkNames(
    present.map(({ name }) => name),
    options,
  );
  const names = new Map(present.map(({ name }) => [name.toLowerCase(), name]));
  const items = options.columns.map((column) => {
    const name = names.get(column.name.toLowerCase());
    return `CAST(${name === undefined ? 'NULL' : quoteName(name)} AS ${typeName(column)}) AS ${quoteName(column.name)}`;
  });
  return { sql: `SELECT ${items.join(', ')} FROM (${text})`, bound, rows: undefined, dispose: nothing };
}

async function fromSpill(warehouse: Warehouse, rows: readonly Readonly<Record<string, LakeValue>>[], options: SourceOptions): Promise<Source> {
  const path = join(tmpdir(), `lakeloop-batch-${randomUUID()}.ndjson`);
  const file = await open(path, 'wx', 0o600);
  try {
    try {
      for (const row of rows) await file.write(`${JSON.stringify(texts(row))}\n`);
    } finally {
      await file.close();
    }
    return await fromFiles(warehouse, [path], options);
  } finally {
    await rm(path, { force: true });
  }
}

const RESCUED = '_lakeloop_rescued';

/** Uploads the files, reads them into a staging table with the right types, and looks whether they hold anything that no column takes. */
async function fromFiles(warehouse: Warehouse, paths: readonly string[], options: SourceOptions): Promise<Source> {
  const { volume, columns, strict, signal } = options;
  if (volume === undefined)
    throw new Failure(
      'misconfigured',
      'a batch of this size goes to Databricks through a volume: set DATABRICKS_VOLUME to /Volumes/<catalog>/<schema>/<volume>',
    );
  const directory = `${volume}/lakeloop/${randomUUID()}`;
  const table = options.stagingTable();
  const uploaded: string[] = [];
  const dispose = async (): Promise<void> => {
    await finish(warehouse, { sql: `DROP TABLE IF EXISTS ${table}` });
    for (const file of uploaded) await finish(warehouse, { sql: `REMOVE ${quoteText(file)}`, stagingDirectory: tmpdir() });
  };
  try {
    for (const [index, path] of paths.entries()) {
      const file = `${directory}/${index}.json`;
      uploaded.push(file);
      await finish(warehouse, { sql: `PUT ${quoteText(path)} INTO ${quoteText(file)} OVERWRITE`, stagingDirectory: dirname(path), repeatable: true, signal });
    }
    const schema = columns.map(({ name }) => `${quoteName(name)} STRING`).join(', ');
    const items = columns.map((column, index) => `${cast(quoteName(column.name), column)} AS c${index}`);
    const files = `read_files(${quoteText(directory)}, format => 'json', schema => ${quoteText(schema)}, mode => 'FAILFAST', rescuedDataColumn => '${RESCUED}')`;
    await finish(warehouse, { sql: `CREATE TABLE ${table} USING DELTA AS SELECT ${items.join(', ')}, ${RESCUED} FROM ${files}`, signal });
    const [counts] = await warehouse.rows({ sql: `SELECT count(*) AS n, max(${RESCUED}) AS stray FROM ${table}`, repeatable: true, signal });
    if (strict && typeof counts?.['stray'] === 'string') checkNames(keysOf(counts['stray']), options);
    const renamed = columns.map(({ name }, index) => `c${index} AS ${quoteName(name)}`);
    return { sql: `SELECT ${renamed.join(', ')} FROM ${table}`, bound: {}, rows: (counts?.['n'] as bigint | undefined) ?? 0n, dispose };
  } catch (error) {
    await dispose().catch(() => undefined);
    throw error;
  }
}

/** The rescued data column's keys: columns that nobody asked for, and the file's path. */
function keysOf(json: string): string[] {
  return Object.keys(JSON.parse(json) as object).filter((key) => key !== '_file_path');
}

/** Runs a statement to its end; its rows do not matter. */
export async function finish(warehouse: Warehouse, statement: WarehouseStatement): Promise<void> {
  const { chunks } = await warehouse.run(statement);
  await drained(chunks);
}

async function drained(chunks: AsyncIterable<unknown>): Promise<void> {
  for await (const chunk of chunks) void chunk;
}

function checkNames(names: readonly string[], { columns, strict }: SourceOptions): void {
  if (!strict) return;
  const known = new Set(columns.map(({ name }) => name.toLowerCase()));
  const unknown = names.filter((name) => !known.has(name.toLowerCase()));
  if (unknown.length > 0) throw new Failure('invalid-input', `the table has no column ${unknown.join(', ')}`);
}

function positional(row: Readonly<Record<string, LakeValue>>, columns: readonly LakeColumn[]): string {
  const byName = new Map(Object.entries(row).map(([name, value]) => [name.toLowerCase(), value]));
  const entries = columns.map(({ name }, index): [string, string | null] => [`c${index}`, text(byName.get(name.toLowerCase()) ?? null)]);
  return JSON.stringify(Object.fromEntries(entries.filter(([, value]) => value !== null)));
}

function texts(row: Readonly<Record<string, LakeValue>>): Record<string, string | null> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, text(value)]));
}

function text(value: LakeValue): string | null {
  if (value === null || typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return Object.is(value, -0) ? '-0.0' : String(value);
}

function cast(expression: string, column: LakeColumn): string {
  return column.type === 'binary' ? `unbase64(${expression})` : `CAST(${expression} AS ${typeName(column)})`;
}

function typeName(column: LakeColumn): string {
  const name = sqlType(column.type);
  if (name === undefined) throw new Failure('unsupported', `column ${column.name} has a nested type, which is read but not written`);
  return name;
}

const nothing = (): Promise<void> => Promise.resolve();
