import { Alert, Anchor, Button, Code, Collapse, Group, Loader, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { EditReport, TableDescription } from '#contracts/http/tables';
import { Refusal } from '../../subjects/flag-dialog.tsx';
import { useForgetTables } from '../table-list.ts';
import { EditManner } from './edit-manner.tsx';
import { orderOf } from './edit-order.ts';
import { type Edit, makeEdit } from './edits-api.ts';
import { LossList } from './loss-list.tsx';

export interface EditAsked {
  title: string;
  /** Each is tried by itself, then all are made: in this order, if edit-order.ts knows of no other. */
  edits: readonly Edit[];
  /** What the button says. */
  act: string;
  /** What is said afterwards. */
  told: string;
}

interface EditDialogProps extends EditAsked {
  close: () => void;
  /** After all is made, with the table as it is then; null where an edit goes on in steps. */
  done: (table: TableDescription | null) => void;
}

/** Tries an edit of a schema, says in words what it would lose or break, and makes it when it may be made. */
export function EditDialog(props: EditDialogProps) {
  return (
    <Modal opened onClose={props.close} title={<b>{props.title}</b>} size="lg">
      <EditForm {...props} />
    </Modal>
  );
}

function useEdit({ edits, told, close, done }: EditDialogProps) {
  const forget = useForgetTables();
  const trial = useQuery({
    queryKey: ['schema-trial', JSON.stringify(edits)],
    queryFn: () => Promise.all(edits.map((edit) => makeEdit(edit, { dryRun: true }))),
    gcTime: 0,
    retry: false,
  });
  const making = useMutation({
    mutationFn: async (reason: string) => {
      let report: EditReport | undefined;
      for (const edit of orderOf(edits, trial.data ?? [])) report = await makeEdit(edit, { dryRun: false, reason });
      return report;
    },
    onSuccess: async (report) => {
      if (report?.applied)
        notifications.show({ color: 'teal', title: told, message: 'It is on record, and can be taken back under “Edits”.', autoClose: 4_000 });
      done(report?.table ?? null);
      close();
      await forget();
    },
    // Rows may have changed since it was tried: what stands in the way is asked anew.
    onError: () => void trial.refetch(),
  });
  return { trial, making };
}

function EditForm(props: EditDialogProps) {
  const { trial, making } = useEdit(props);
  if (trial.isPending)
    return (
      <Group>
        <Loader size="sm" aria-label="Trying it" />
        <Text size="sm" c="dimmed">
          Looking which rows it would lose or break …
        </Text>
      </Group>
    );
  if (trial.isError) return <Refusal error={trial.error} />;
  return <Tried reports={trial.data} making={making} act={props.act} close={props.close} />;
}

interface TriedProps {
  reports: readonly EditReport[];
  making: ReturnType<typeof useEdit>['making'];
  act: string;
  close: () => void;
}

function Tried({ reports, making, act, close }: TriedProps) {
  const [reason, setReason] = useState('');
  const losses = reports.flatMap((report) => report.losses);
  const blocked = losses.some(({ refuses }) => refuses);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!blocked) making.mutate(reason);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Effects losses={losses} reversible={reports.every((report) => report.reversible)} />
        {!blocked && <EditManner reports={reports} />}
        <Statements sql={reports.flatMap((report) => report.sql)} />
        {!blocked && (
          <TextInput
            label="Reason"
            description="Optional, kept with the edit"
            maxLength={2000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        )}
        {making.error && <Refusal error={making.error} />}
        {making.isPending && (
          <Text size="sm" c="dimmed" component="output">
            It waits for a moment in which nobody else is in the way. A new type or rule reads all rows.
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {blocked ? 'Close' : 'Cancel'}
          </Button>
          {!blocked && (
            <Button type="submit" color={losses.length > 0 ? 'red' : undefined} loading={making.isPending} data-autofocus>
              {act}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}

function Effects({ losses, reversible }: { losses: EditReport['losses']; reversible: boolean }) {
  if (losses.length === 0)
    return (
      <Alert color="teal" title="No row is lost or broken" role="note">
        {reversible ? 'It can be taken back.' : 'It can’t be taken back.'}
      </Alert>
    );
  const blocked = losses.some(({ refuses }) => refuses);
  return (
    <Alert color={blocked ? 'red' : 'orange'} title={blocked ? 'Rows stand in the way' : reversible ? 'Values leave the table' : 'Values are lost'}>
      <LossList losses={losses} />
      <Text size="sm" mt={6}>
        {blocked ? 'Change those rows first, then try again.' : reversible ? 'Taking the edit back brings them back.' : 'It can’t be taken back.'}
      </Text>
    </Alert>
  );
}

/** For those who want to know: what runs in the database. */
export function Statements({ sql }: { sql: readonly string[] }) {
  const [open, { toggle }] = useDisclosure(false);
  if (sql.length === 0) return null;
  return (
    <div>
      <Anchor component="button" type="button" size="sm" onClick={toggle} aria-expanded={open}>
        {open ? 'Hide the SQL' : 'Show the SQL'}
      </Anchor>
      <Collapse expanded={open}>
        <Code block mt={6} style={{ whiteSpace: 'pre-wrap' }}>
          {sql.join(';\n')};
        </Code>
      </Collapse>
    </div>
  );
}
