import type pg from 'pg';
import type { FileValue } from '#contracts/http/files';

/** An upload that is about to arrive. */
export interface Arriving {
  id: string;
  name: string;
  type: string;
  actor: string;
  role: string;
}

type Queryable = Pick<pg.ClientBase, 'query'>;

/** Before the first byte: whatever happens then, the collector knows of it. */
export async function beginUpload(pool: Queryable, { id, name, type, actor, role }: Arriving): Promise<void> {
  await pool.query('insert into lakeloop.upload (id, name, type, actor, role) values ($1, $2, $3, $4, $5)', [id, name, type, actor, role]);
}

/** When the bytes are durable. Undefined where the collector was faster. */
export async function completeUpload(pool: Queryable, id: string, { size, sha256 }: { size: number; sha256: string }): Promise<FileValue | undefined> {
  const { rows } = await pool.query<{ value: FileValue }>(
    `update lakeloop.upload u set state = 'stored', size = $2, sha256 = $3 where id = $1 and state = 'arriving' returning lakeloop.file_value(u) as value`,
    [id, size, sha256],
  );
  return rows[0]?.value;
}

/** What nobody was told of. */
export async function forgetUpload(pool: Queryable, id: string): Promise<void> {
  await pool.query(`delete from lakeloop.upload where id = $1 and placed_at is null and state <> 'stored'`, [id]);
}

/** Marks uploads that came into no row within so many seconds, and gives all that are marked, at most `most`. Those that a row is claiming now stay. */
export async function markUnused(client: Queryable, { afterSeconds, most }: { afterSeconds: number; most: number }): Promise<string[]> {
  await client.query(
    `update lakeloop.upload set state = 'leaving' where id in (
       select id from lakeloop.upload where placed_at is null and state <> 'leaving' and created_at <= clock_timestamp() - make_interval(secs => $1)
       order by created_at limit $2 for update skip locked)`,
    [afterSeconds, most],
  );
  const { rows } = await client.query<{ id: string }>(`select id::text from lakeloop.upload where placed_at is null and state = 'leaving' limit $1`, [most]);
  return rows.map(({ id }) => id);
}

/** Whether the role may write some column of files of these schemas. */
export async function mayUpload(pool: Queryable, role: string, schemas: readonly string[]): Promise<boolean> {
  const { rows } = await pool.query<{ may: boolean }>(
    `select exists (select from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
       where a.atttypid = 'lakeloop.file'::regtype and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v') and n.nspname = any ($2)
         and (has_column_privilege($1::name, c.oid, a.attnum, 'insert') or has_column_privilege($1::name, c.oid, a.attnum, 'update'))) as may`,
    [role, schemas],
  );
  return rows[0]?.may === true;
}

/** Whether the file stands in this column by leave of the database, with these metadata: not in a table where its trigger was missing. */
export async function isPlaced(pool: Queryable, file: FileValue, { oid, attnum }: { oid: string; attnum: number }): Promise<boolean> {
  const { rows } = await pool.query<{ placed: boolean }>(
    `select exists (select from lakeloop.upload u join lakeloop.file_place p on p.upload = u.id
       where u.id = $1 and u.state = 'stored' and p.root = $3 and p.attnum = $4 and lakeloop.file_value(u) = $2::jsonb) as placed`,
    [file.id, JSON.stringify(file), oid, attnum],
  );
  return rows[0]?.placed === true;
}
