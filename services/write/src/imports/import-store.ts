import type pg from 'pg';
import type { ImportRefusal, ImportReport } from '#contracts/http/imports';
import type { ColumnMapping } from './column-mapping.ts';
import type { Refusal } from './insert-records.ts';

/** An import as it is kept. Counts fit a double: a file of 2^53 bytes is not sent. */
export interface StoredImport {
  id: string;
  actor: string;
  role: string;
  schema: string;
  table: string;
  format: 'csv' | 'ndjson';
  mode: 'all-or-nothing' | 'skip-bad';
  /** Column of each field of the file, null for those that are left out; known once the first record is read. */
  columns: (string | null)[] | null;
  mapping: ColumnMapping | null;
  state: 'open' | 'complete' | 'failed';
  failure: string | null;
  bytes: number;
  lines: number;
  inserted: number;
  refused: number;
  traceId: string;
}

type Queryable = Pick<pg.ClientBase, 'query'>;

const MOST_REFUSALS = 1_000;

export async function createImport(
  pool: pg.Pool,
  {
    id,
    actor,
    role,
    schema,
    table,
    format,
    mode,
    mapping,
    traceId,
  }: Omit<StoredImport, 'columns' | 'state' | 'failure' | 'bytes' | 'lines' | 'inserted' | 'refused'>,
): Promise<void> {
  await pool.query(
    'insert into lakeloop.import (id, actor, role, table_schema, table_name, format, mode, mapping, trace_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    [id, actor, role, schema, table, format, mode, mapping === null ? null : JSON.stringify(mapping), traceId],
  );
}

export async function findImport(pool: pg.Pool, id: string): Promise<StoredImport | undefined> {
  const { rows } = await pool.query<StoredImport>(
    `select id::text, actor, role, table_schema as schema, table_name as "table", format, mode, columns, mapping, state, failure, bytes::float8, lines::float8, inserted::float8, refused::float8, trace_id as "traceId"
     from lakeloop.import where id = $1`,
    [id],
  );
  return rows[0];
}

export async function refusalsOf(pool: pg.Pool, id: string): Promise<ImportRefusal[]> {
  const { rows } = await pool.query<ImportRefusal>('select line::float8, code, message from lakeloop.import_refusal where import = $1 order by line limit $2', [
    id,
    MOST_REFUSALS,
  ]);
  return rows;
}

export interface Progress {
  columns: readonly (string | null)[] | null;
  bytes: number;
  lines: number;
  inserted: number;
  refused: number;
}

/** In the transaction that wrote the rows. False where another request has moved the import on in the meantime: then nothing of this one may be kept. */
export async function moveOn(
  client: Queryable,
  { id, bytes }: Pick<StoredImport, 'id' | 'bytes'>,
  progress: Progress,
  refusals: readonly Refusal[],
): Promise<boolean> {
  const moved = await client.query(
    `update lakeloop.import set columns = $3, bytes = $4, lines = $5, inserted = $6, refused = $7, updated_at = clock_timestamp() where id = $1 and bytes = $2 and state = 'open'`,
    [id, bytes, progress.columns, progress.bytes, progress.lines, progress.inserted, progress.refused],
  );
  await keepRefusals(client, id, refusals);
  return moved.rowCount === 1;
}

export async function keepRefusals(client: Queryable, id: string, refusals: readonly Refusal[]): Promise<void> {
  if (refusals.length === 0) return;
  const values = [id, refusals.map(({ line }) => line), refusals.map(({ code }) => code), refusals.map(({ message }) => message)];
  await client.query(
    'insert into lakeloop.import_refusal (import, line, code, message) select $1, * from unnest($2::bigint[], $3::text[], $4::text[]) on conflict do nothing',
    values,
  );
}

export async function endImport(
  client: Queryable,
  id: string,
  state: 'complete' | 'failed',
  { failure = null, progress }: { failure?: string | null; progress?: Progress } = {},
): Promise<void> {
  await client.query(
    `update lakeloop.import set state = $2, failure = $3, bytes = coalesce($4, bytes), lines = coalesce($5, lines), inserted = coalesce($6, inserted), refused = coalesce($7, refused), updated_at = clock_timestamp()
     where id = $1`,
    [id, state, failure, progress?.bytes ?? null, progress?.lines ?? null, progress?.inserted ?? null, progress?.refused ?? null],
  );
}

export function reportOf(
  { id, schema, table, format, mode, state, failure, bytes, lines, inserted, refused, traceId }: StoredImport,
  refusals: ImportRefusal[],
): ImportReport {
  return { id, table: `${schema}.${table}`, format, mode, state, failure, offset: bytes, lines, inserted, refused, refusals, traceId };
}
