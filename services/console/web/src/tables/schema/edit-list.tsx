import { Badge, Button, Group, Loader, Stack, Text } from '@mantine/core';
import { IconTable } from '@tabler/icons-react';
import type { SchemaEdit, TableDescription } from '#contracts/http/tables';
import { useNow } from '../../live/use-now.ts';
import { Message } from '../../shell/message.tsx';
import { Refusal } from '../../subjects/flag-dialog.tsx';
import { Ago } from '../history/ago.tsx';
import { Statements } from './edit-dialog.tsx';
import { editInWords } from './edit-words.ts';
import { useEdits } from './edits-api.ts';

interface EditListProps {
  table: TableDescription;
  may: boolean;
  revert: (edit: SchemaEdit) => void;
}

/** Every edit of the schema: who, when, why, what ran; those of the past can be taken back. */
export function EditList({ table, may, revert }: EditListProps) {
  const edits = useEdits(table);
  const now = useNow();
  if (edits.isPending) return <Loader size="sm" aria-label="Loading" />;
  if (edits.isError) return <Refusal error={edits.error} />;
  if (edits.data.length === 0) return <Message title="No edits">This table was made by SQL, and nobody edited it here.</Message>;
  const takenBack = new Set(edits.data.map(({ reverts }) => reverts));
  return (
    <ol className="happenings" aria-label="Edits, newest first">
      {edits.data.map((edit) => {
        const words = editInWords(edit, table);
        return (
          <li key={edit.id} className="happening schema" aria-label={`${edit.actor} ${words}`}>
            <span className="bullet" aria-hidden>
              <IconTable size={13} />
            </span>
            <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
              <Stack gap={2}>
                <Text size="sm">
                  <b>{edit.actor}</b> {words}
                </Text>
                <Text size="xs" c="dimmed">
                  <Ago at={edit.at} now={now} />
                  {edit.reason !== null && <> · “{edit.reason}”</>}
                </Text>
                <Statements sql={edit.sql} />
              </Stack>
              {takenBack.has(edit.id) ? (
                <Badge variant="light" color="gray" tt="none">
                  taken back
                </Badge>
              ) : (
                may &&
                edit.reversible && (
                  <Button size="compact-xs" variant="default" onClick={() => revert(edit)} aria-label={`Take back: ${words}`}>
                    Take back
                  </Button>
                )
              )}
            </Group>
          </li>
        );
      })}
    </ol>
  );
}
