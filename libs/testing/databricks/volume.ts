import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { quoteName, quoteText } from '#libs/lakehouse/delta/sql-text';
import { SqlError } from './sql-error.ts';
import { columnDefinitions } from './translate.ts';

/** Unity Catalog volumes: files below a directory, moved with presigned addresses as object stores have them. */
export class Volumes {
  readonly #root: string;
  readonly #known: ReadonlySet<string>;
  readonly #origin: () => string;
  readonly #presigned = new Map<string, { method: string; path: string }>();

  constructor(root: string, known: readonly string[], origin: () => string) {
    this.#root = root;
    this.#origin = origin;
    this.#known = new Set(known);
  }

  /** The address that allows one transfer of one file. */
  presign(method: 'GET' | 'PUT' | 'DELETE', path: string, overwrite = true): string {
    const file = this.#file(path);
    if (method === 'PUT' && !overwrite && existsSync(file)) throw new SqlError('STAGING_FILE_ALREADY_EXISTS', '42710', `The file ${path} exists.`);
    if (method === 'GET' && !existsSync(file)) throw new SqlError('STAGING_FILE_NOT_FOUND', '42704', `The file ${path} does not exist.`);
    const key = randomUUID();
    this.#presigned.set(key, { method, path: file });
    return `${this.#origin()}/presigned/${key}`;
  }

  async transfer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = request.url?.slice('/presigned/'.length) ?? '';
    const grant = this.#presigned.get(key);
    if (!grant || grant.method !== request.method || request.headers.authorization !== undefined) return void response.writeHead(403).end();
    this.#presigned.delete(key);
    if (grant.method === 'PUT') {
      mkdirSync(dirname(grant.path), { recursive: true });
      await pipeline(request, createWriteStream(grant.path));
    } else if (grant.method === 'GET') {
      response.writeHead(200);
      return pipeline(createReadStream(grant.path), response);
    } else if (existsSync(grant.path)) rmSync(grant.path);
    else return void response.writeHead(404).end();
    response.writeHead(200).end();
  }

  files(): string[] {
    return existsSync(this.#root)
      ? readdirSync(this.#root, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []))
      : [];
  }

  /**
   * `read_files` of NDJSON: every column of the schema as text, names matching whatever their case; what no column takes is in the rescued data column.
   * Answers a FROM item.
   */
  read(path: string, options: ReadonlyMap<string, string>): string {
    const schema = columnDefinitions(options.get('SCHEMA') ?? '');
    const rescued = options.get('RESCUEDDATACOLUMN');
    if (options.get('FORMAT') !== 'json' || options.get('MODE') !== 'FAILFAST' || rescued === undefined || schema.some(({ type }) => type !== 'STRING'))
      throw new SqlError(
        'UNSUPPORTED_FEATURE',
        '0A000',
        'read_files: json, FAILFAST, a schema of STRING columns and a rescuedDataColumn are what this double reads.',
      );
    const target = this.#file(path);
    if (!existsSync(target)) throw new SqlError('PATH_NOT_FOUND', '42K03', `Path does not exist: ${path}.`);
    const files = statSync(target).isDirectory() ? readdirSync(target).map((name) => join(target, name)) : [target];
    const spelling = new Map(schema.map(({ name }) => [name.toLowerCase(), name]));
    const rows = files.flatMap((file) => linesOf(file)).map((line) => normalised(line, spelling, rescued));
    const flat = `${this.#root}-${randomUUID()}.ndjson`;
    writeFileSync(flat, rows.join('\n'));
    const columns = [...schema.map(({ name }) => name), rescued];
    if (rows.length === 0) return `(select ${columns.map((name) => `null::VARCHAR as ${quoteName(name)}`).join(', ')} where false)`;
    return `read_json(${quoteText(flat)}, format = 'newline_delimited', columns = {${columns.map((name) => `${quoteName(name)}: 'VARCHAR'`).join(', ')}})`;
  }

  #file(path: string): string {
    const [, , catalog, schema, volume, ...rest] = path.split('/');
    if (!path.startsWith('/Volumes/') || !this.#known.has(`${catalog}.${schema}.${volume}`) || rest.includes('..'))
      throw new SqlError('VOLUME_NOT_FOUND', '42704', `The volume of ${path} cannot be found.`);
    return join(this.#root, ...path.split('/').map((part) => encodeURIComponent(part)));
  }
}

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
}

function normalised(line: string, spelling: ReadonlyMap<string, string>, rescued: string): string {
  const row: Record<string, string | null> = {};
  const stray: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(textsOf(line))) {
    const name = spelling.get(key.toLowerCase());
    if (name === undefined) stray[key] = text;
    else row[name] = text;
  }
  return JSON.stringify({ ...row, ...(Object.keys(stray).length > 0 ? { [rescued]: JSON.stringify(stray) } : {}) });
}

/** Values of an object as their JSON text, strings without quotes. */
function textsOf(line: string): Record<string, string | null> {
  let depth = 0;
  try {
    return JSON.parse(line, (key: string, value: unknown, context?: { source?: string }): unknown => {
      depth += 1;
      if (value === null || typeof value === 'string' || (typeof value === 'object' && key === '')) return value;
      return context?.source ?? JSON.stringify(value);
    }) as Record<string, string | null>;
  } catch {
    throw new SqlError('MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION', '22023', `Malformed records are detected in record parsing (${depth} read).`);
  }
}
