import { Button, Group, Paper, Skeleton, Text } from '@mantine/core';
import type { RowChange } from '#contracts/http/history';
import type { TableDescription } from '#contracts/http/tables';
import { Refusal } from '../../subjects/flag-dialog.tsx';
import { formatValue } from '../../subjects/format-value.ts';
import { diffBetween, type Key, whoOf, withoutStamps } from './change-words.ts';
import { DiffTable } from './diff-table.tsx';
import { useComparison } from './history-api.ts';

interface CompareProps {
  table: TableDescription;
  rowKey: Key;
  /** The older one first. */
  from: string;
  to: string;
  close: () => void;
}

/** Two versions of a row beside each other, where they differ. */
export function ComparePanel({ table, rowKey, from, to, close }: CompareProps) {
  const comparison = useComparison(table, rowKey, from, to);
  const { data } = comparison;
  const diff = data && diffBetween(withoutStamps(data.columns, table), data.from.after, data.to.after, table);
  return (
    <Paper component="section" className="panel" p="sm" aria-label="Two versions">
      <Group justify="space-between" mb={6}>
        <Text size="sm" fw={650}>
          Two versions
        </Text>
        <Button size="compact-xs" variant="subtle" onClick={close}>
          Close
        </Button>
      </Group>
      {comparison.isPending && <Skeleton h={60} aria-label="Loading" />}
      {comparison.isError && <Refusal error={comparison.error} />}
      {diff?.length === 0 && (
        <Text size="sm" c="dimmed">
          They are the same in all that you may see.
        </Text>
      )}
      {data && diff && diff.length > 0 && (
        <DiffTable table={table} diff={diff} sides="both" label="Differences by column" heads={[versionTitle(data.from), versionTitle(data.to)]} />
      )}
    </Paper>
  );
}

function versionTitle(change: RowChange): string {
  return `${formatValue(change.at, 'timestamptz')}, ${whoOf(change)}`;
}
