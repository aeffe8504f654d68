import type pg from 'pg';
import type { Mirror, MirrorDefinition, MirrorMode } from './mirror.ts';

type Queryable = Pick<pg.ClientBase, 'query'>;

const SELECT = `select id, source_schema, source_table, target_schema, target_table, mode, key_columns, every_ms, state, error, version, source_committed_at,
  source_columns, rows, refreshed_at from lakeloop.mirror`;
/** Made, but never tried: due at once, whatever its interval. */
const DUE = `attempted_at is null or attempted_at + every_ms * interval '1 ms' <= clock_timestamp()`;

interface Row {
  id: number;
  source_schema: string;
  source_table: string;
  target_schema: string;
  target_table: string;
  mode: MirrorMode;
  key_columns: string[];
  every_ms: string | null;
  state: Mirror['state'];
  error: string | null;
  version: string | null;
  source_committed_at: Date | null;
  source_columns: string[] | null;
  rows: string | null;
  refreshed_at: Date | null;
}

export async function listMirrors(client: Queryable): Promise<Mirror[]> {
  return (await client.query<Row>(`${SELECT} order by id`)).rows.map(mirrorOf);
}

export async function findMirror(client: Queryable, id: number): Promise<Mirror | undefined> {
  return (await client.query<Row>(`${SELECT} where id = $1`, [id])).rows.map(mirrorOf)[0];
}

export async function dueMirrors(client: Queryable): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>(`select id from lakeloop.mirror where ${DUE} order by attempted_at nulls first, id`);
  return rows.map(({ id }) => id);
}

/** Answers its id. */
export async function insertMirror(client: Queryable, { source, target, mode, key, everyMs }: MirrorDefinition): Promise<number> {
  const { rows } = await client.query<{ id: number }>(
    `insert into lakeloop.mirror (source_schema, source_table, target_schema, target_table, mode, key_columns, every_ms)
     values ($1, $2, $3, $4, $5, $6, $7) returning id`,
    [source.schema, source.name, target.schema, target.name, mode, key, everyMs],
  );
  const [row] = rows;
  if (!row) throw new TypeError('insert returned no row');
  return row.id;
}

/** The target equals the newest version. */
export async function markFresh(client: Queryable, id: number): Promise<void> {
  await client.query(
    `update lakeloop.mirror set state = 'current', error = null, lake_version = version, refreshed_at = clock_timestamp(), attempted_at = clock_timestamp() where id = $1`,
    [id],
  );
}

export async function markFailed(client: Queryable, id: number, error: string): Promise<void> {
  await client.query(`update lakeloop.mirror set state = 'failed', error = $2, attempted_at = clock_timestamp() where id = $1`, [id, error]);
}

export interface Advance {
  version: bigint;
  committedAtMs: number;
  columns: readonly string[];
  rows: bigint;
}

/** To be called in the transaction that makes the target equal that version. */
export async function advanceMirror(client: Queryable, id: number, { version, committedAtMs, columns, rows }: Advance): Promise<void> {
  await client.query(
    `update lakeloop.mirror set state = 'current', error = null, version = $2, lake_version = $2, source_committed_at = $3, source_columns = $4, rows = $5,
       refreshed_at = clock_timestamp(), attempted_at = clock_timestamp() where id = $1`,
    [id, String(version), new Date(committedAtMs).toISOString(), columns, String(rows)],
  );
}

function mirrorOf(row: Row): Mirror {
  return {
    id: row.id,
    source: { schema: row.source_schema, name: row.source_table },
    target: { schema: row.target_schema, name: row.target_table },
    mode: row.mode,
    key: row.key_columns,
    everyMs: row.every_ms === null ? null : Number(row.every_ms),
    state: row.state,
    error: row.error,
    version: row.version === null ? null : BigInt(row.version),
    committedAtMs: row.source_committed_at?.getTime() ?? null,
    columns: row.source_columns,
    rows: row.rows === null ? null : BigInt(row.rows),
    refreshedAt: row.refreshed_at,
  };
}
