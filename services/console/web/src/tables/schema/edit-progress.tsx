import { Alert, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { EditProgress, TableDescription } from '#contracts/http/tables';
import { useNow } from '../../live/use-now.ts';
import { Refusal } from '../../subjects/flag-dialog.tsx';
import { Ago } from '../history/ago.tsx';
import { useCancelEdit, useEditInSteps } from './edit-in-steps.ts';
import { aimInWords } from './edit-words.ts';
import { LossList } from './loss-list.tsx';
import { phaseInWords, restInWords } from './progress-words.ts';

interface EditProps {
  table: TableDescription;
  edit: EditProgress;
}

/** An edit in steps: how far it is; or why it did not go through, until that is put aside. */
export function EditInSteps({ table }: { table: TableDescription }) {
  const edit = useEditInSteps(table);
  const [aside, setAside] = useState<string>();
  if (!edit || edit.id === aside) return null;
  if (edit.state === 'running') return <Moving key={edit.id} table={table} edit={edit} />;
  return <Ended edit={edit} close={() => setAside(edit.id)} />;
}

function Moving({ table, edit }: EditProps) {
  const cancel = useCancelEdit(table);
  return (
    <Paper component="section" withBorder p="sm" aria-label="Edit under way">
      <Stack gap={6}>
        <Told edit={edit} at={edit.startedAt} />
        {/* Without a value it says only that something goes on. */}
        <progress className="edit-progress" aria-label="Progress of the edit" max={100} value={edit.phase === 'copy' ? edit.percent : undefined} />
        <Group justify="space-between" gap="xs">
          <Text size="sm" component="output">
            {cancel.isSuccess ? 'Taking away again what was made' : phaseInWords(edit)}
          </Text>
          <Text size="sm" className="tabular">
            {restInWords(edit)}
          </Text>
        </Group>
        {cancel.error && <Refusal error={cancel.error} />}
        <Group justify="space-between" wrap="nowrap">
          <Text size="xs" c="dimmed">
            You may close this panel, and the page: it goes on.
          </Text>
          {table.may.edit && (
            <Button size="xs" variant="default" loading={cancel.isPending || cancel.isSuccess} onClick={() => cancel.mutate(edit.id)}>
              Cancel the edit
            </Button>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}

function Ended({ edit, close }: { edit: EditProgress; close: () => void }) {
  const { state, failure, endedAt, startedAt } = edit;
  const failed = state === 'failed';
  return (
    <Alert
      color={failed ? 'red' : 'gray'}
      title={failed ? 'The edit failed, and the table is as it was' : 'The edit was cancelled, and the table is as it was'}
      withCloseButton
      closeButtonLabel="Put it aside"
      onClose={close}
    >
      <Told edit={edit} at={endedAt ?? startedAt} />
      {failure && failure.losses.length > 0 && <LossList losses={failure.losses} />}
      {failure && (
        <Text size="xs" c="dimmed" mt={4}>
          {failure.message}
        </Text>
      )}
    </Alert>
  );
}

function Told({ edit, at }: { edit: EditProgress; at: string }) {
  const now = useNow();
  return (
    <div>
      <Text size="sm" fw={600}>
        {aimInWords(edit)}
      </Text>
      <Text size="xs" c="dimmed">
        {edit.actor} · <Ago at={at} now={now} />
      </Text>
    </div>
  );
}
