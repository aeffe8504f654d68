import type pg from 'pg';
import type { RelationMessage, ReplicaIdentity } from '#libs/pgoutput/message';
import type { SnapshotTable } from './chunk-query.ts';

interface TableRow {
  oid: number;
  identity: 'd' | 'n' | 'f' | 'i';
  partitioned: boolean;
  blocks: number;
  lockable: boolean;
  /** Files of the heap: others once its rows were written anew. */
  files: string;
  columns: { name: string; typeOid: number; typeModifier: number; identity: boolean; wide: boolean }[];
  toasted: boolean;
  key: SnapshotTable['key'];
  rowFilter: string | null;
}

const IDENTITY: Readonly<Record<TableRow['identity'], ReplicaIdentity>> = { d: 'default', n: 'nothing', f: 'full', i: 'index' };

/** What a column's domain stands for in the end, and the operators of that type where they are an extension's: those are not on the session's search path. */
const BASE = `
  with recursive base (type, modifier) as (
    select a.atttypid, a.atttypmod
    union all
    select t.typbasetype, t.typtypmod from base join pg_type t on t.oid = base.type where t.typbasetype <> 0)
  select base.type, base.modifier, (
         select json_object_agg((array['<', '<=', '=', '>=', '>'])[p.amopstrategy], format('operator(%I.%s)', n.nspname, op.oprname))
           from pg_opclass o
           join pg_am m on m.oid = o.opcmethod and m.amname = 'btree'
           join pg_amop p on p.amopfamily = o.opcfamily and p.amoplefttype = o.opcintype and p.amoprighttype = o.opcintype and p.amoppurpose = 's'
           join pg_operator op on op.oid = p.amopopr
           join pg_namespace n on n.oid = op.oprnamespace and n.nspname <> 'pg_catalog'
          where o.opcdefault and o.opcintype = base.type) as operators
    from base join pg_type t on t.oid = base.type where t.typbasetype = 0`;

/**
 * The table as the publication gives it: published columns (a column list and generated columns need 15 and 18) and row filter. The order is the replica
 * identity's index, else the primary key: the columns that an event's key has.
 */
function query(serverVersion: number): string {
  const published = serverVersion >= 150_000 ? `a.attname = any (p.attnames)` : `a.attgenerated = ''`;
  const filter = serverVersion >= 150_000 ? 'p.rowfilter' : 'null::text';
  return `
  select c.oid, c.relreplident as identity, c.relkind = 'p' as partitioned, (heap.size / current_setting('block_size')::bigint)::float8 as blocks, heap.files,
         has_table_privilege(c.oid, 'SELECT') as lockable,
         ${filter} as "rowFilter",
         (select coalesce(json_agg(json_build_object('name', a.attname, 'typeOid', a.atttypid::bigint, 'typeModifier', a.atttypmod,
                   'wide', a.attlen = -1, 'identity', coalesce(a.attnum = any ((k.indkey::int2[])[0:k.indnkeyatts - 1]), false)) order by a.attnum), '[]')
            from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and ${published}) as columns,
         exists (select from (select c.oid union select t.relid from pg_partition_tree(c.oid) t) part join pg_class l on l.oid = part.oid
                  where l.reltoastrelid <> 0 and pg_relation_size(l.reltoastrelid) > 0) as toasted,
         (select coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(b.type, b.modifier), 'collation', a.attcollation::text, 'operators', b.operators) order by o.ordinal), '[]')
            from unnest((k.indkey::int2[])[0:k.indnkeyatts - 1]) with ordinality o(attnum, ordinal)
            join pg_attribute a on a.attrelid = c.oid and a.attnum = o.attnum
            cross join lateral (${BASE}) b) as key
    from pg_publication_tables p
    join pg_namespace n on n.nspname = p.schemaname
    join pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
    cross join lateral (select coalesce(max(pg_relation_size(part.oid)), 0) as size,
                               coalesce(string_agg(pg_relation_filenode(part.oid)::text, ' ' order by part.oid), '') as files
                          from (select c.oid union select t.relid from pg_partition_tree(c.oid) t where c.relkind = 'p') part) heap
    left join pg_index k on k.indrelid = c.oid and case c.relreplident when 'i' then k.indisreplident else k.indisprimary end
   where p.pubname = $1 and p.schemaname = $2 and p.tablename = $3`;
}

/** Of a session's server. */
const versions = new WeakMap<pg.ClientBase, number>();

async function versionOf(client: pg.ClientBase): Promise<number> {
  const known = versions.get(client);
  if (known !== undefined) return known;
  const { rows } = await client.query<{ version: number }>(`select current_setting('server_version_num')::int as version`);
  const version = rows[0]?.version ?? 0;
  versions.set(client, version);
  return version;
}

/** A table, and its description as pgoutput would send it. */
export interface LoadedTable {
  table: SnapshotTable;
  message: RelationMessage;
}

/** Null when the publication has no such table. */
export async function loadTable(client: pg.ClientBase, publication: string, table: { schema: string; table: string }): Promise<LoadedTable | null> {
  // Prepared: planning it takes longer than answering it, and each chunk asks.
  const text = query(await versionOf(client));
  const { rows } = await client.query<TableRow>({ name: 'snapshot-table', text, values: [publication, table.schema, table.table] });
  const [row] = rows;
  if (!row) return null;
  const { oid, identity, partitioned, blocks, files, lockable, columns, toasted, key, rowFilter } = row;
  const order = key.length > 0 ? JSON.stringify(key) : `blocks of ${files}`;
  const wide = toasted ? columns.filter((column) => column.wide) : [];
  return {
    table: {
      oid,
      schema: table.schema,
      name: table.table,
      partitioned,
      blocks,
      lockable,
      order,
      columns: columns.map(({ name }) => name),
      wide,
      key,
      rowFilter,
    },
    message: {
      type: 'relation',
      streamXid: null,
      oid,
      schema: table.schema,
      name: table.table,
      replicaIdentity: IDENTITY[identity],
      columns: columns.map(({ name, typeOid, typeModifier, identity: part }) => ({
        name,
        typeOid,
        typeModifier,
        key: identity === 'f' || (identity !== 'n' && part),
      })),
    },
  };
}
