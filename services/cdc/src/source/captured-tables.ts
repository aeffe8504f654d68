import type { CaptureOptions } from '../capture-options.ts';
import type { TableId } from './table-patterns.ts';

const PUBLISHED = `
  select t.schemaname as schema, t.tablename as name,
         (select coalesce(json_agg(json_build_object('schema', an.nspname, 'name', ac.relname)), '[]')
            from pg_partition_ancestors(c.oid) a join pg_class ac on ac.oid = a.relid join pg_namespace an on an.oid = ac.relnamespace
           where a.relid <> c.oid) as ancestors
    from pg_publication_tables t
    join pg_namespace n on n.nspname = t.schemaname join pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
   where t.pubname = $1`;

/** Tables that the publication has now and the patterns want: by their own names, and partitions by that of a parent. */
export async function capturedTables({ pool, config, patterns }: Pick<CaptureOptions, 'pool' | 'config' | 'patterns'>): Promise<TableId[]> {
  const { rows } = await pool.query<TableId & { ancestors: TableId[] }>(PUBLISHED, [config.CDC_PUBLICATION]);
  const wanted = rows.filter(({ ancestors, ...table }) => {
    if (patterns.forbids(table) || [table, ...ancestors].some((one) => patterns.excludes(one))) return false;
    return patterns.matches(table) || (patterns.explicit && ancestors.some((ancestor) => patterns.matches(ancestor)));
  });
  return wanted.map(({ schema, name }) => ({ schema, name }));
}
