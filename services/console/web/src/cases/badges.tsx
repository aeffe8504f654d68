import { Badge, Group, Progress, Text } from '@mantine/core';
import { labelColour, labelTitle, useFlow } from '../flows/flows.ts';
import { percent } from '../subjects/format-value.ts';

const STATE_COLOURS: Readonly<Record<string, string>> = {
  flagged: 'yellow',
  recommended: 'blue',
  approved: 'teal',
  overridden: 'orange',
  corrected: 'grape',
  withdrawn: 'gray',
};

export function StateBadge({ state }: { state: string }) {
  return (
    <Badge color={STATE_COLOURS[state] ?? 'gray'} variant="light" tt="none" fw={600}>
      {state}
    </Badge>
  );
}

export function ClassBadge({ label, size = 'md' }: { label: string; size?: 'md' | 'lg' }) {
  const flow = useFlow();
  return (
    <Badge color={labelColour(flow, label)} variant="outline" tt="none" fw={600} size={size}>
      {labelTitle(flow, label)}
    </Badge>
  );
}

/** Class and how sure, small enough for a table's cell. */
export function ShortRecommendation({ label, confidence }: { label: string; confidence: number }) {
  return (
    <Group gap={8} wrap="nowrap">
      <ClassBadge label={label} />
      <Progress value={confidence * 100} w={46} miw={46} size="sm" aria-hidden />
      <Text span size="xs" c="dimmed">
        {percent(confidence)}
      </Text>
    </Group>
  );
}
