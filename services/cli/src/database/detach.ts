import { parseArgs } from 'node:util';
import { Failure } from '#libs/failure/failure';
import { adoptedTables, detachDatabaseSql, detachSql } from '#libs/governance/detach';
import { quoteTable, type TableName } from '#libs/postgres/identifiers';
import type pg from 'pg';
import type { Command } from '../command.ts';
import { requireInstalled } from './adopt.ts';
import { type Chosen, chosenTables } from './chosen-tables.ts';
import { connected, type Piece, runAll, runEach } from './connect.ts';
import { annotated } from './privileges.ts';

/** Takes tables out of Lakeloop again, or all of it: triggers, publication and slot. Rows stay, and so does what is in the audit. */
export const detach: Command = {
  usage: 'detach <schema.table | schema.*>… | --all [--dry-run]',
  about: 'take tables out again; --all: with publication, event trigger and slot',
  run: (context, args) =>
    connected(context, async (client) => {
      const { values, positionals } = parseArgs({
        args: [...args],
        allowPositionals: true,
        options: { all: { type: 'boolean', default: false }, 'dry-run': { type: 'boolean', default: false } },
      });
      await requireInstalled(client);
      if (!values.all && positionals.length === 0) throw new Failure('invalid-input', 'which table? give schema.table, schema.*, or --all');
      const tables: TableName[] = values.all ? await adoptedTables(client) : await adoptedOf(client, await chosenTables(client, positionals));
      if (tables.length === 0 && !values.all) context.print('-- none of them is adopted');
      const pieces: Piece[] = [];
      for (const table of tables) pieces.push({ table, statements: await detachSql(client, table) });
      const database = values.all ? await detachDatabaseSql(client, context.config.CDC_SLOT) : [];
      if (values['dry-run']) {
        for (const statement of [...pieces.flatMap(({ statements }) => statements), ...database]) context.print(annotated(statement));
        context.print('-- nothing was changed');
        return;
      }
      await runEach(client, pieces, 'detached', context.print);
      // A slot can't be dropped in a transaction that has written.
      const slot = database.filter((statement) => statement.includes('pg_drop_replication_slot'));
      await runAll(
        client,
        database.filter((statement) => !slot.includes(statement)),
      );
      for (const statement of slot) await client.query(statement);
      if (values.all) context.print('the audit stays: drop schema lakeloop, audit cascade removes it for good');
    }),
};

/** Of what was named, and of what a pattern found, those that are adopted. */
async function adoptedOf(client: pg.Client, { tables }: Chosen): Promise<TableName[]> {
  const adopted = new Set((await adoptedTables(client)).map((table) => quoteTable(table)));
  return tables.filter((table) => adopted.has(quoteTable(table)));
}
