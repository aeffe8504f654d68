import { Alert, Anchor, Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import { inWords } from '../api/in-words.ts';
import { insertRow, newIntent, type Row } from '../api/rows.ts';
import { useFlow } from '../flows/flows.ts';
import { formatValue } from './format-value.ts';

/** Flags a row, with a note that says what looks wrong. */
export function FlagDialog({ subject, close }: { subject: Row | undefined; close: () => void }) {
  return (
    <Modal opened={subject !== undefined} onClose={close} title="Flag this row">
      {subject && <FlagForm subject={subject} close={close} />}
    </Modal>
  );
}

function FlagForm({ subject, close }: { subject: Row; close: () => void }) {
  const flow = useFlow();
  const [note, setNote] = useState('');
  const [intent] = useState(() => newIntent());
  const flag = useMutation({
    mutationFn: () => insertRow(flow.schema, 'flags', { [flow.subject.reference]: subject[flow.subject.key.column], note: note.trim() }, intent),
    onSuccess: (row) => {
      close();
      notifications.show({ color: 'teal', title: 'Flagged', message: <OpenCase flow={flow.name} id={String(row.id)} /> });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    flag.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm" c="dimmed">
          {describe(flow.subject.summary, flow.subject.columns, subject)}
        </Text>
        <Textarea
          label="Note"
          description="What looks wrong? The recommendation reads it too."
          autosize
          minRows={3}
          maxLength={4000}
          data-autofocus
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        {flag.error && <Refusal error={flag.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={flag.isPending}>
            Flag
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function OpenCase({ flow, id }: { flow: string; id: string }) {
  return (
    <Anchor component={Link} to={`/${flow}/cases/${id}`} size="sm">
      Open the case
    </Anchor>
  );
}

/** A refused write, in words. */
export function Refusal({ error }: { error: unknown }) {
  const { title, detail } = inWords(error);
  return (
    <Alert color="red" title={title} role="alert">
      {detail}
    </Alert>
  );
}

/** The row in one line, by the flow's summary columns. */
export function describe(summary: readonly string[], columns: readonly { name: string; type: string }[], subject: Row): string {
  const values = summary
    .filter((name) => subject[name] !== null && subject[name] !== undefined && subject[name] !== '')
    .map((name) => formatValue(subject[name], columns.find((column) => column.name === name)?.type));
  return values.join(' · ');
}
