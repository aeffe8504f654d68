import { Group, Text } from '@mantine/core';
import { formatValue } from '../subjects/format-value.ts';
import { ClassBadge, StateBadge } from './badges.tsx';
import type { WholeCase } from './case-query.ts';

/** How the case ended. Nothing while it is open. */
export function Outcome({ whole }: { whole: WholeCase }) {
  const { disposition } = whole;
  if (whole.case.state === 'withdrawn') return <Text>The flag was withdrawn. Nothing remains to be decided.</Text>;
  if (!disposition) return undefined;
  return (
    <div>
      <Group gap="xs">
        <StateBadge state={whole.case.state} />
        <ClassBadge label={disposition.class} size="lg" />
      </Group>
      <Text size="sm" mt="xs">
        by <strong>{disposition.decidedBy}</strong>, {formatValue(disposition.decidedAt, 'timestamptz')}
      </Text>
      {disposition.reason && (
        <Text size="sm" mt={4} fs="italic">
          “{disposition.reason}”
        </Text>
      )}
    </div>
  );
}
