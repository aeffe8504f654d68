import type pg from 'pg';
import type { EncodedRow } from '#contracts/topics/change-event';
import type { JsonValue } from '#contracts/topics/json';
import { quoteIdentifier, quoteTable } from '#libs/postgres/identifiers';
import type { Stitch } from '../stitch/stitch.ts';
import { parseSnapshot } from '../stitch/visibility.ts';
import type { Access } from '../subscriptions/access.ts';
import { type Encoder, encoderOf, SNAPSHOT_SETTINGS } from './encode-value.ts';
import { FilterSql } from './filter-sql.ts';

/** Rows of one `snapshot` event. */
const PAGE_ROWS = 500;

/** The transaction's snapshot, and a WAL position at or after it. The transaction must be repeatable read. */
export async function readStitch(client: pg.ClientBase): Promise<Stitch> {
  const { rows } = await client.query<{ snapshot: string; horizon: string }>({
    name: 'lakeloop.push.snapshot',
    text: "select pg_current_snapshot()::text as snapshot, (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text as horizon",
  });
  const row = rows[0] ?? { snapshot: '', horizon: '0' };
  return { snapshot: parseSnapshot(row.snapshot), horizon: BigInt(row.horizon) };
}

/**
 * The rows that the connection's role may see and the filter lets through, page by page, encoded as in the change topics. Row-level
 * security and grants are Postgres's own here.
 */
export async function* readPages(client: pg.ClientBase, access: Access): AsyncGenerator<EncodedRow[]> {
  const settings = Object.entries(SNAPSHOT_SETTINGS);
  await client.query({
    name: 'lakeloop.push.settings',
    text: `select ${settings.map((_, i) => `set_config($${i * 2 + 1}, $${i * 2 + 2}, true)`).join(', ')}`,
    values: settings.flat(),
  });
  const sql = new FilterSql(access.all);
  const where = access.filter ? ` where ${sql.render(access.filter)}` : '';
  const columns = access.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const table = quoteTable({ schema: access.schema, name: access.table });
  await client.query(`declare lakeloop_push no scroll cursor for select ${columns} from ${table}${where}`, sql.values);
  const encoders = access.columns.map(({ name, type }) => [name, encoderOf(type)] as const);
  for (;;) {
    const { rows } = await client.query<(string | null)[]>({ text: `fetch ${PAGE_ROWS} from lakeloop_push`, rowMode: 'array', types: TEXT });
    if (rows.length > 0) yield rows.map((row) => encodeRow(row, encoders));
    if (rows.length < PAGE_ROWS) return;
  }
}

/** Values as the server writes them: a cast to text would trim char(n). */
const TEXT = { getTypeParser: () => (value: string | Buffer) => value.toString() };

function encodeRow(values: readonly (string | null)[], encoders: readonly (readonly [string, Encoder])[]): EncodedRow {
  const row: Record<string, JsonValue> = {};
  encoders.forEach(([name, encode], i) => {
    const value = values[i];
    row[name] = value === null || value === undefined ? null : encode(value);
  });
  return row;
}
