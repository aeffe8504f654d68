import { parseArgs } from 'node:util';
import { Failure } from '#libs/failure/failure';
import { quoteIdentifier, quoteLiteral, quoteTable, type TableName } from '#libs/postgres/identifiers';
import type pg from 'pg';
import type { Command } from '../command.ts';
import { chosenTables } from './chosen-tables.ts';
import { connected, runEach } from './connect.ts';
import { annotated } from './privileges.ts';

/** Brings tables under audit and into the change stream. Rows and columns stay as they are. */
export const adopt: Command = {
  usage: 'adopt <schema.table | schema.*>… [--dry-run]',
  about: 'bring tables under audit and into the change stream',
  run: (context, args) =>
    connected(context, async (client) => {
      const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { 'dry-run': { type: 'boolean', default: false } } });
      await requireInstalled(client);
      const { tables, skipped } = await chosenTables(client, positionals);
      for (const { schema, name, why } of skipped) context.print(`-- skipped ${schema}.${name}: ${why}`);
      if (values['dry-run']) {
        for (const table of tables) for (const statement of await adoption(client, table)) context.print(annotated(statement));
        context.print('-- nothing was changed');
        return;
      }
      const pieces = tables.map((table) => ({ table, statements: [`select lakeloop.adopt(${quoteLiteral(quoteTable(table))}::regclass)`] }));
      await runEach(client, pieces, 'adopted', context.print);
    }),
};

interface Relation extends TableName {
  full: boolean;
  readable: boolean;
  reachable: boolean;
}

/** What `lakeloop.adopt` does to the table itself and to its partitions; its recorder's functions lie in the schema audit. */
async function adoption(client: pg.Client, table: TableName): Promise<string[]> {
  const { rows } = await client.query<Relation>(
    `select n.nspname as schema, c.relname as name, c.relreplident = 'f' as "full", has_table_privilege('lakeloop_owner', c.oid, 'select') as readable,
       has_schema_privilege('lakeloop_owner', n.oid, 'usage') as reachable
     from pg_class root join pg_namespace home on home.oid = root.relnamespace cross join pg_class c join pg_namespace n on n.oid = c.relnamespace
     where home.nspname = $1 and root.relname = $2 and (c.oid = root.oid or c.oid in (select t.relid from pg_partition_tree(root.oid) t))
     order by c.oid <> root.oid, n.nspname, c.relname`,
    [table.schema, table.name],
  );
  const schemas = new Set(rows.filter(({ reachable }) => !reachable).map(({ schema }) => schema));
  return [
    ...[...schemas].map((schema) => `grant usage on schema ${quoteIdentifier(schema)} to lakeloop_owner`),
    ...rows.flatMap(attached),
    `alter publication lakeloop add table ${quoteTable(table)}`,
  ];
}

function attached({ full, readable, ...relation }: Relation): string[] {
  const name = quoteTable(relation);
  const trigger = (kind: string): string =>
    `create or replace trigger lakeloop_audit_${kind} ${kind === 'truncate' ? 'before' : 'after'} ${kind} on ${name} for each statement execute function audit.record_<id>_${kind}()`;
  return [
    ...(readable ? [] : [`grant select on ${name} to lakeloop_owner`]),
    ...(full ? [] : [`alter table ${name} replica identity full`]),
    ...['insert', 'update', 'delete', 'truncate'].map(trigger),
    `alter table ${name} enable always trigger lakeloop_audit_insert, enable always trigger lakeloop_audit_update, enable always trigger lakeloop_audit_delete, enable always trigger lakeloop_audit_truncate`,
  ];
}

export async function requireInstalled(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>(`select to_regclass('lakeloop.adopted') is not null as there`);
  if (!rows[0]?.there) throw new Failure('misconfigured', 'Lakeloop is not installed in this database: run lakeloop init');
}
