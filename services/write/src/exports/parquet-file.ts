import { createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '#libs/failure/failure';
import { quoteName, quoteText } from '#libs/lakehouse/delta/sql-text';

/** A column of the file. `read`: how PostgreSQL's text of a value becomes DuckDB's. */
export interface FileColumn {
  name: string;
  /** DuckDB's. */
  type: string;
  read: 'text' | 'hex' | 'calendar';
}

/** Rows of a group in the file, at most; fewer where rows are long, since a group is put together in memory. */
const GROUP_ROWS = 122_880;
const GROUP_BYTES = 32 * 1024 * 1024;
const MEMORY = '512MB';

/**
 * Rows as a parquet file, streamed once it is whole: an error is told before the first byte. Rows come as lines of quoted fields (rows/compile/stream.ts), lie on
 * disk meanwhile, and are gone when the file has been read or given up. DuckDB writes the file on threads of its own, in bounded memory. `invalid-input`: a value that
 * parquet's type has no room for.
 */
export async function parquetFile(columns: readonly FileColumn[], lines: AsyncIterable<string>): Promise<Readable> {
  const directory = await mkdtemp(join(tmpdir(), 'lakeloop-export-'));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const source = join(directory, 'rows.csv');
    const target = join(directory, 'rows.parquet');
    const shape = { rows: 0, characters: 0, longest: 0 };
    await pipeline(Readable.from(measured(lines, shape), { objectMode: false }), createWriteStream(source, { mode: 0o600 }));
    await write(directory, `copy (${selectSql(columns, source, shape.longest)}) to ${quoteText(target)} (format parquet, row_group_size ${groupRows(shape)})`);
    const file = await open(target);
    // Its name is no longer needed: the space is free once it has been read, or once this process ends.
    await remove();
    return file.createReadStream();
  } catch (error) {
    await remove();
    throw error;
  }
}

interface Lines {
  rows: number;
  characters: number;
  /** Of a line, in characters, at least: a value may have line breaks in it. */
  longest: number;
}

async function* measured(lines: AsyncIterable<string>, shape: Lines): AsyncGenerator<string> {
  for await (const piece of lines) {
    const rows = piece.split('\n').length - 1;
    shape.rows += rows;
    shape.characters += piece.length;
    // A piece holds whole rows, and is some 256 KiB or one row.
    shape.longest = Math.max(shape.longest, piece.length);
    yield piece;
  }
}

function groupRows({ rows, characters }: Lines): number {
  if (rows === 0) return GROUP_ROWS;
  return Math.max(2_048, Math.min(GROUP_ROWS, Math.floor((GROUP_BYTES * rows) / characters)));
}

function selectSql(columns: readonly FileColumn[], source: string, longest: number): string {
  const read = columns.map((_column, index) => `'c${index}': 'VARCHAR'`).join(', ');
  const items = columns.map((column, index) => `${valueSql(column, `c${index}`)} as ${quoteName(column.name)}`).join(', ');
  // Up to four bytes a character.
  const bytes = Math.max(2_097_152, longest * 4);
  return `select ${items} from read_csv(${quoteText(source)}, columns = {${read}}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"',
    nullstr = '\\N', allow_quoted_nulls = false, new_line = '\\n', max_line_size = ${bytes}, buffer_size = ${bytes * 4}, parallel = false)`;
}

function valueSql({ type, read }: FileColumn, column: string): string {
  if (read === 'hex') return `unhex(substr(${column}, 3))`;
  // What is before our era is spelled with parentheses there; no reader would know what is meant by an infinite one.
  if (read === 'calendar')
    return `case when ${column} like '%infinity' then error('parquet has no infinite times') else cast(replace(${column}, ' BC', ' (BC)') as ${type}) end`;
  return type === 'VARCHAR' ? column : `cast(${column} as ${type})`;
}

/** The engine is loaded when it is first needed, and opened for one file. */
async function write(directory: string, sql: string): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: MEMORY,
    threads: '1',
    temp_directory: directory,
    autoinstall_known_extensions: 'false',
  });
  try {
    const connection = await instance.connect();
    try {
      await connection.run(`set TimeZone = 'UTC'`);
      await connection.run(sql);
    } catch (error) {
      if (/^(Conversion|Invalid Input) Error/.test((error as Error).message))
        throw new Failure('invalid-input', (error as Error).message.split('\n')[0] ?? '', { cause: error });
      throw error;
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}
