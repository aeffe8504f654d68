import { Button, Group, Stack, Table, Text } from '@mantine/core';
import { showExact } from './show-amount.ts';
import type { Refusal } from './team-table.ts';

interface RefusalNoteProps {
  refusal: Refusal;
  dismiss: () => void;
  /** One's own amount after all. */
  insist: () => void;
}

/** At the cell: why it is not what was typed; where someone else was faster, both amounts and the choice. */
export function RefusalNote({ refusal, dismiss, insist }: RefusalNoteProps) {
  if (refusal.kind === 'refused')
    return (
      <div role="alert">
        <Text size="sm" fw={600}>
          {refusal.title}
        </Text>
        <Text size="sm">{refusal.detail}</Text>
        <Group justify="space-between" mt="xs">
          <Text size="xs" c="dimmed">
            {refusal.mine === '' ? '' : `You entered ${refusal.mine}.`}
          </Text>
          <Button size="compact-xs" variant="default" onClick={dismiss}>
            Dismiss
          </Button>
        </Group>
      </div>
    );
  const { theirs } = refusal;
  return (
    <Stack gap="xs" role="alert">
      <Text size="sm" fw={600}>
        {theirs ? `${theirs.entry.author} changed this meanwhile` : 'This entry was removed meanwhile'}
      </Text>
      <Table fz="sm" withRowBorders={false} verticalSpacing={2}>
        <Table.Tbody>
          <Line name="When you began" amount={showExact(refusal.entry.amount)} />
          <Line name={theirs ? `Now, by ${theirs.entry.author}` : 'Now'} amount={theirs ? showExact(theirs.entry.amount) : 'nothing'} />
          <Line name="You entered" amount={showExact(refusal.mine)} />
        </Table.Tbody>
      </Table>
      <Group gap="xs" justify="flex-end">
        <Button size="compact-sm" variant="default" onClick={dismiss}>
          Keep theirs
        </Button>
        <Button size="compact-sm" onClick={insist}>
          Use mine
        </Button>
      </Group>
    </Stack>
  );
}

function Line({ name, amount }: { name: string; amount: string }) {
  return (
    <Table.Tr>
      <Table.Th fw={400}>{name}</Table.Th>
      <Table.Td ta="right" className="tabular">
        {amount}
      </Table.Td>
    </Table.Tr>
  );
}
