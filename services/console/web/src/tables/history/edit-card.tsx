import { Text } from '@mantine/core';
import { IconTable } from '@tabler/icons-react';
import type { SchemaEdit, TableDescription } from '#contracts/http/tables';
import { editInWords } from '../schema/edit-words.ts';
import { Ago } from './ago.tsx';

/** An edit of the schema, among the changes of rows. It is taken back where the schema is edited. */
export function EditCard({ table, edit, now }: { table: TableDescription; edit: SchemaEdit; now: number }) {
  const deed = editInWords(edit, table);
  return (
    <li className="happening schema" aria-label={`${edit.actor} ${deed}`}>
      <span className="bullet" aria-hidden>
        <IconTable size={13} />
      </span>
      <Text size="sm">
        <b>{edit.actor}</b> {deed}
      </Text>
      <Text size="xs" c="dimmed">
        <Ago at={edit.at} now={now} />
        {edit.reason !== null && <> · “{edit.reason}”</>}
      </Text>
    </li>
  );
}
