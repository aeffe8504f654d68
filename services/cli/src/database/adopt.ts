import { parseArgs } from 'node:util';
import { Failure } from '#libs/failure/failure';
import { quoteLiteral, quoteTable, type TableName } from '#libs/postgres/identifiers';
import type pg from 'pg';
import type { Command } from '../command.ts';
import { connected, runAll, tableNamed } from './connect.ts';
import { annotated } from './privileges.ts';

/** Brings tables under audit and into the change stream. Rows and columns stay as they are. */
export const adopt: Command = {
  usage: 'adopt <schema.table>… [--dry-run]',
  about: 'bring tables under audit and into the change stream',
  run: (context, args) =>
    connected(context, async (client) => {
      const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { 'dry-run': { type: 'boolean', default: false } } });
      await requireInstalled(client);
      const tables: TableName[] = [];
      for (const name of positionals.length === 0 ? [undefined] : positionals) tables.push(await tableNamed(client, name));
      if (values['dry-run']) {
        for (const table of tables) for (const statement of adoption(table)) context.print(annotated(statement));
        context.print('-- nothing was changed');
        return;
      }
      await runAll(
        client,
        tables.map((table) => `select lakeloop.adopt(${quoteLiteral(quoteTable(table))}::regclass)`),
      );
      for (const { schema, name } of tables) context.print(`adopted ${schema}.${name}`);
    }),
};

/** What `lakeloop.adopt` does to the table itself; its recorder's functions lie in the schema audit. */
function adoption(table: TableName): string[] {
  const name = quoteTable(table);
  const trigger = (kind: string): string =>
    `create or replace trigger lakeloop_audit_${kind} ${kind === 'truncate' ? 'before' : 'after'} ${kind} on ${name} for each statement execute function audit.record_<id>_${kind}()`;
  return [
    `alter table ${name} replica identity full`,
    ...['insert', 'update', 'delete', 'truncate'].map(trigger),
    `alter table ${name} enable always trigger lakeloop_audit_insert, enable always trigger lakeloop_audit_update, enable always trigger lakeloop_audit_delete, enable always trigger lakeloop_audit_truncate`,
    `alter publication lakeloop add table ${name}`,
  ];
}

export async function requireInstalled(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>(`select to_regclass('lakeloop.adopted') is not null as there`);
  if (!rows[0]?.there) throw new Failure('misconfigured', 'Lakeloop is not installed in this database: run lakeloop init');
}
