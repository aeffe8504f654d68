import { parseArgs } from 'node:util';
import { Failure } from '#libs/failure/failure';
import { adoptedTables, detachDatabaseSql, detachSql } from '#libs/governance/detach';
import type { TableName } from '#libs/postgres/identifiers';
import type { Command } from '../command.ts';
import { requireInstalled } from './adopt.ts';
import { connected, runAll, tableNamed } from './connect.ts';
import { annotated } from './privileges.ts';

/** Takes tables out of Lakeloop again, or all of it: triggers, publication and slot. Rows stay, and so does what is in the audit. */
export const detach: Command = {
  usage: 'detach <schema.table>… | --all [--dry-run]',
  about: 'take tables out again; --all: with publication, event trigger and slot',
  run: (context, args) =>
    connected(context, async (client) => {
      const { values, positionals } = parseArgs({
        args: [...args],
        allowPositionals: true,
        options: { all: { type: 'boolean', default: false }, 'dry-run': { type: 'boolean', default: false } },
      });
      await requireInstalled(client);
      if (!values.all && positionals.length === 0) throw new Failure('invalid-input', 'which table? give schema.table, or --all');
      const tables: TableName[] = values.all ? await adoptedTables(client) : await Promise.all(positionals.map((name) => tableNamed(client, name)));
      const statements = (await Promise.all(tables.map((table) => detachSql(client, table)))).flat();
      if (values.all) statements.push(...(await detachDatabaseSql(client, context.config.CDC_SLOT)));
      if (values['dry-run']) {
        for (const statement of statements) context.print(annotated(statement));
        context.print('-- nothing was changed');
        return;
      }
      // A slot can't be dropped in a transaction that has written.
      const slot = statements.filter((statement) => statement.includes('pg_drop_replication_slot'));
      await runAll(
        client,
        statements.filter((statement) => !slot.includes(statement)),
      );
      for (const statement of slot) await client.query(statement);
      for (const { schema, name } of tables) context.print(`detached ${schema}.${name}`);
      if (values.all) context.print('the audit stays: drop schema lakeloop, audit cascade removes it for good');
    }),
};
