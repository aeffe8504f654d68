import { Alert, Badge, Button, Group, Modal, ScrollArea, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Refusal } from '../subjects/flag-dialog.tsx';
import type { PasteChange, PastePlan } from './paste-plan.ts';
import { periodTitle, type Reference } from './reference.ts';
import { showExact } from './show-amount.ts';

/** Lines of the preview: what is more is counted. */
const SHOWN = 60;

interface PasteProps {
  plan: PastePlan;
  reference: Reference;
  unit: string | undefined;
  /** Writes the changes in one statement; throws a refusal. */
  write: (changes: readonly PasteChange[], comment: string) => Promise<void>;
  close: () => void;
}

/** What a pasted block will do, and what of it can't be used, before anything is written. Closed, it gives the focus back to the grid. */
export function PasteDialog({ plan, ...props }: Omit<PasteProps, 'plan'> & { plan: PastePlan | undefined }) {
  return (
    <Modal opened={plan !== undefined} onClose={props.close} title="Paste" size="lg">
      {plan && <PasteForm plan={plan} {...props} />}
    </Modal>
  );
}

function PasteForm({ plan, reference, unit, write, close }: PasteProps) {
  const [comment, setComment] = useState('');
  const changes = plan.changes.filter(({ same }) => !same);
  const paste = useMutation({ mutationFn: () => write(changes, comment.trim()), onSuccess: close });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    paste.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Counts plan={plan} changes={changes.length} />
        <Text size="sm" c="dimmed">
          Read with “{plan.style}” before the fraction{plan.byPeriod ? ', columns by the periods in the first line' : ''}. One write: all of it or nothing.
        </Text>
        {plan.problems.length > 0 && <Problems plan={plan} />}
        {changes.length > 0 && <Preview changes={changes} reference={reference} unit={unit} />}
        <TextInput
          label="Comment"
          description="Optional, kept with each of the entries"
          maxLength={4000}
          value={comment}
          onChange={(event) => setComment(event.currentTarget.value)}
        />
        {paste.error && <Refusal error={paste.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={paste.isPending} disabled={changes.length === 0} data-autofocus>
            {changes.length === 0 ? 'Nothing to enter' : `Enter ${count(changes.length, 'change')}`}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Counts({ plan, changes }: { plan: PastePlan; changes: number }) {
  return (
    <Group gap="xs">
      <Badge variant="light" tt="none">
        {count(changes, 'change')}
      </Badge>
      {plan.changes.length > changes && (
        <Badge variant="light" color="gray" tt="none">
          {plan.changes.length - changes} as they are
        </Badge>
      )}
      {plan.empty > 0 && (
        <Badge variant="light" color="gray" tt="none">
          {plan.empty} empty, left alone
        </Badge>
      )}
      {plan.problems.length > 0 && (
        <Badge variant="light" color="red" tt="none">
          {plan.problems.length} can’t be read
        </Badge>
      )}
    </Group>
  );
}

function Problems({ plan }: { plan: PastePlan }) {
  const shown = plan.problems.slice(0, 6);
  return (
    <Alert color="red" title="Not all of it can be used; these cells are left out">
      <ul className="plain" aria-label="What can’t be used">
        {shown.map((problem) => (
          <li key={`${problem.line}/${problem.column}`}>
            line {problem.line}, column {problem.column}: <q>{problem.text.slice(0, 40)}</q> – {problem.why}
          </li>
        ))}
        {plan.problems.length > shown.length && <li>and {plan.problems.length - shown.length} more</li>}
      </ul>
    </Alert>
  );
}

function Preview({ changes, reference, unit }: { changes: readonly PasteChange[]; reference: Reference; unit: string | undefined }) {
  return (
    <ScrollArea.Autosize mah={260} type="auto" tabIndex={0} aria-label="Preview">
      <Table fz="sm" stickyHeader verticalSpacing={3}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Product · region</Table.Th>
            <Table.Th>Period</Table.Th>
            <Table.Th ta="right">Before</Table.Th>
            <Table.Th ta="right">After{unit ? `, ${unit}` : ''}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {changes.slice(0, SHOWN).map(({ place: { row, period, cell }, amount }) => (
            <Table.Tr key={`${row.id}|${period}`}>
              <Table.Td>
                {reference.products.name(row.product)} · {reference.regions.name(row.region)}
              </Table.Td>
              <Table.Td>{periodTitle(period)}</Table.Td>
              <Table.Td ta="right" c="dimmed" className="tabular">
                {cell?.amount === undefined ? '–' : showExact(cell.amount)}
              </Table.Td>
              <Table.Td ta="right" fw={600} className="tabular">
                {showExact(amount)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
        {changes.length > SHOWN && <Table.Caption>and {changes.length - SHOWN} more</Table.Caption>}
      </Table>
    </ScrollArea.Autosize>
  );
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
