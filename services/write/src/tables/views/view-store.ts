import type pg from 'pg';
import type { SavedView, TableView } from '#contracts/http/table-views';
import { ProblemException } from '#libs/runtime/http/problem';

/** What the store runs on: a transaction under the caller's role and claims. Row-level security says which views there are for whom. */
type Client = Pick<pg.ClientBase, 'query'>;

/** Views of one's own of one table. Who keeps more than that is a program. */
const MOST_VIEWS = 200;
const COLUMNS = `id::text, name, owner, owner = lakeloop.claim('sub') as mine, shared, view`;

/** What may be changed of a view. */
export interface ViewChange {
  name?: string;
  shared?: boolean;
  view?: TableView;
}

export async function viewsOf(client: Client, root: string): Promise<SavedView[]> {
  const { rows } = await client.query<SavedView>(`select ${COLUMNS} from lakeloop.table_view where root = $1::oid order by lower(name), name, id`, [root]);
  const readable = await readableColumns(client, root);
  return rows.map((saved) => (saved.mine ? saved : { ...saved, view: { ...saved.view, ...columnsOf(saved.view, readable) } }));
}

export async function defaultOf(client: Client, root: string): Promise<string | null> {
  const { rows } = await client.query<{ id: string }>(
    'select v.id::text from lakeloop.default_view d join lakeloop.table_view v on v.id = d.view where d.root = $1::oid and v.root = d.root',
    [root],
  );
  return rows[0]?.id ?? null;
}

/** 409 where one has a view of that name, or too many. */
export async function keepView(client: Client, root: string, { name, shared = false, view }: ViewChange): Promise<SavedView> {
  const { rows } = await client.query<SavedView>(
    `insert into lakeloop.table_view (root, name, shared, view) select $1::oid, $2, $3, $4
     where (select count(*) from lakeloop.table_view where root = $1::oid and owner = lakeloop.claim('sub')) < $5 returning ${COLUMNS}`,
    [root, name, shared, JSON.stringify(view), MOST_VIEWS],
  );
  if (rows[0]) return rows[0];
  throw new ProblemException(409, 'too-many-views', `there are ${MOST_VIEWS} views of yours of this table`, { hint: 'Delete some of them.' });
}

export async function changeView(client: Client, { root, id }: ViewId, { name, shared, view }: ViewChange): Promise<SavedView> {
  const { rows } = await client.query<SavedView>(
    `update lakeloop.table_view set name = coalesce($3, name), shared = coalesce($4, shared), view = coalesce($5, view), changed_at = clock_timestamp()
     where root = $1::oid and id = $2 returning ${COLUMNS}`,
    [root, id, name ?? null, shared ?? null, view === undefined ? null : JSON.stringify(view)],
  );
  return rows[0] ?? unknown(id);
}

export async function deleteView(client: Client, { root, id }: ViewId): Promise<void> {
  const { rowCount } = await client.query('delete from lakeloop.table_view where root = $1::oid and id = $2', [root, id]);
  if (rowCount === 0) unknown(id);
}

/** `id` null: none. 404 where there is no such view for the caller. */
export async function setDefault(client: Client, root: string, id: string | null): Promise<void> {
  if (id === null) {
    await client.query('delete from lakeloop.default_view where root = $1::oid', [root]);
    return;
  }
  const { rowCount } = await client.query(
    `insert into lakeloop.default_view (root, view) select root, id from lakeloop.table_view where root = $1::oid and id = $2
     on conflict (root, owner) do update set view = excluded.view`,
    [root, id],
  );
  if (rowCount === 0) unknown(id);
}

export interface ViewId {
  /** Oid of the table. */
  root: string;
  id: string;
}

/** The table's columns that the caller may not read are not named to them. */
async function readableColumns(client: Client, root: string): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>(
    `select attname::text as name from pg_attribute where attrelid = $1::oid and attnum > 0 and not attisdropped and has_column_privilege($1::oid, attnum, 'select')`,
    [root],
  );
  return new Set(rows.map(({ name }) => name));
}

function columnsOf({ hidden, order, widths }: TableView, readable: ReadonlySet<string>): Pick<TableView, 'hidden' | 'order' | 'widths'> {
  const seen = (name: string): boolean => readable.has(name);
  return { hidden: hidden.filter(seen), order: order.filter(seen), widths: Object.fromEntries(Object.entries(widths).filter(([name]) => seen(name))) };
}

function unknown(id: string): never {
  throw new ProblemException(404, 'unknown-view', `there is no view ${id} of this table that is yours to use so`);
}
