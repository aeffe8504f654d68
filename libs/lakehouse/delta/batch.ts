import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '#libs/failure/failure';
import type { LakeBatch } from '../lakehouse.ts';
import type { LakeColumn, LakeValue } from '../lake-type.ts';
import { onDisk } from './disk-errors.ts';
import { duckdbType, fromJson } from './duckdb-type.ts';
import type { Session } from './engine.ts';
import { namedParameters, quoteName, quoteText } from './sql-text.ts';

/** Rows ready to be written: a FROM item with exactly the wanted columns, typed. */
export interface Staged {
  relation: string;
  /** Removes what was put on disk for it. */
  dispose: () => Promise<void>;
}

export interface StageOptions {
  columns: readonly LakeColumn[];
  /** Columns beyond the table's that the batch may hold and the write needs, such as a deletion mark. */
  extra?: readonly LakeColumn[];
  /** Whether names that no column has are an error. */
  strict: boolean;
  /** Whether the rows are read but once: then they are not held in between. */
  once: boolean;
  temporaryDirectory: string;
}

/** Brings a batch into the session as a temporary table, or as a view of what it is made of. Throws `invalid-input` for a column that is not there, or a value that is not of its type. */
export async function stage(session: Session, batch: LakeBatch, options: StageOptions): Promise<Staged> {
  const columns = [...options.columns, ...(options.extra ?? [])];
  const table = `stage_${randomUUID().replaceAll('-', '')}`;
  const kind = options.once ? 'view' : 'table';
  if ('select' in batch) {
    const { sql } = namedParameters(batch.select.sql);
    // A view takes no parameters; what needs none is not held twice.
    const bare = Object.keys(batch.select.parameters ?? {}).length === 0;
    await session.run(`create temp ${bare ? 'view' : 'table'} ${table}_raw as ${sql}`, { parameters: batch.select.parameters });
    const present = await session.rows<[string]>(`select column_name from (describe ${table}_raw)`);
    const names = new Map(present.map(([name]) => [name.toLowerCase(), name]));
    checkNames([...names.values()], columns, options.strict);
    const items = columns.map((column) => {
      const name = names.get(column.name.toLowerCase());
      return `cast(${name === undefined ? 'null' : quoteName(name)} as ${typeName(column)}) as ${quoteName(column.name)}`;
    });
    await session.run(`create temp ${kind} ${table} as select ${items.join(', ')} from ${table}_raw`);
    if (!bare && !options.once) await session.run(`drop table ${table}_raw`);
    return { relation: table, dispose: () => Promise.resolve() };
  }
  const { paths, dispose } = 'ndjson' in batch ? { paths: batch.ndjson, dispose: () => Promise.resolve() } : await spill(batch.rows, columns, options);
  try {
    const objectSize = await largestObject(paths);
    if ('ndjson' in batch && options.strict) await checkFiles(session, paths, columns, objectSize);
    await session.run(`create temp ${kind} ${table} as ${readJson(paths, columns, objectSize)}`);
    if (options.once) return { relation: table, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
  await dispose();
  return { relation: table, dispose: () => Promise.resolve() };
}

/** A query over NDJSON files that yields the columns with their types. */
export function readJson(paths: readonly string[], columns: readonly LakeColumn[], objectSize: number): string {
  if (paths.length === 0) return `select ${columns.map((column) => `null::${typeName(column)} as ${quoteName(column.name)}`).join(', ')} where false`;
  const reads = columns.map((column) => `${quoteName(column.name)}: ${quoteText(fromJson(column).read)}`);
  const items = columns.map((column) => `${fromJson(column).cast} as ${quoteName(column.name)}`);
  return `select ${items.join(', ')} from read_json([${paths.map(quoteText).join(', ')}], format = 'newline_delimited', maximum_object_size = ${objectSize}, columns = {${reads.join(', ')}})`;
}

const ROWS_AT_ONCE = 500;
/** The longest row that is read, bytes; a longer one is an error. The engine takes several buffers of that size at once, so it is no more than the files need. */
const LONGEST_ROW = 64 * 1024 * 1024;

async function largestObject(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return Math.min(LONGEST_ROW, Math.max(65_536, ...sizes));
}

async function checkFiles(session: Session, paths: readonly string[], columns: readonly LakeColumn[], objectSize: number): Promise<void> {
  if (paths.length === 0) return;
  const list = paths.map(quoteText).join(', ');
  const rows = await session.rows<[string]>(`select distinct unnest(json_keys(json)) from read_ndjson_objects([${list}], maximum_object_size = ${objectSize})`);
  checkNames(
    rows.map(([name]) => name),
    columns,
    true,
  );
}

function checkNames(names: readonly string[], columns: readonly LakeColumn[], strict: boolean): void {
  if (!strict) return;
  const known = new Set(columns.map(({ name }) => name.toLowerCase()));
  const unknown = names.filter((name) => !known.has(name.toLowerCase()));
  if (unknown.length > 0) throw new Failure('invalid-input', `the table has no column ${unknown.join(', ')}`);
}

/** Objects as NDJSON in a file of our own, keys in the columns' spelling. */
async function spill(rows: readonly Readonly<Record<string, LakeValue>>[], columns: readonly LakeColumn[], { strict, temporaryDirectory }: StageOptions) {
  const spelling = new Map(columns.map(({ name }) => [name.toLowerCase(), name]));
  checkNames([...new Set(rows.flatMap((row) => Object.keys(row)))], columns, strict);
  const path = `${temporaryDirectory}/${randomUUID()}.ndjson`;
  try {
    await onDisk(() => pipeline(Readable.from(lines(rows, spelling)), createWriteStream(path, { flags: 'wx' })));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return { paths: rows.length === 0 ? [] : [path], dispose: () => rm(path, { force: true }) };
}

/** Some thousands of rows at a time, so that others get their turn in between. */
function* lines(rows: readonly Readonly<Record<string, LakeValue>>[], spelling: ReadonlyMap<string, string>): Generator<string> {
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    const texts = rows.slice(from, from + ROWS_AT_ONCE).map((row) => {
      const entries = Object.entries(row).map(([name, value]) => [spelling.get(name.toLowerCase()) ?? name, jsonValue(value)]);
      return `${JSON.stringify(Object.fromEntries(entries))}\n`;
    });
    yield texts.join('');
  }
}

function jsonValue(value: LakeValue): unknown {
  if (typeof value === 'bigint') return JSON.rawJSON(value.toString());
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}

function typeName(column: LakeColumn): string {
  const name = duckdbType(column.type);
  if (name === undefined) throw new Failure('unsupported', `column ${column.name} has a nested type, which is read but not written`);
  return name;
}
