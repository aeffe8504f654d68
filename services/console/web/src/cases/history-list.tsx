import { Text, Timeline } from '@mantine/core';
import { IconCheck, IconFlag, IconSparkles, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { columnTitle, labelTitle, useFlow } from '../flows/flows.ts';
import { formatValue, percent } from '../subjects/format-value.ts';
import type { WholeCase } from './case-query.ts';
import { Panel } from './panel.tsx';

/** What happened to the case, in order, for a reader. */
export function HistoryList({ whole }: { whole: WholeCase }) {
  const flow = useFlow();
  const { disposition, recommendation } = whole;
  const steps = [
    <Timeline.Item key="flagged" bullet={<IconFlag size={13} />} title={`Flagged by ${whole.case.flaggedBy}`}>
      <When at={whole.case.flaggedAt} />
      {whole.case.note && <Quote>{whole.case.note}</Quote>}
    </Timeline.Item>,
    recommendation && (
      <Timeline.Item key="recommended" bullet={<IconSparkles size={13} />} title={`Recommended: ${labelTitle(flow, recommendation.class)}`}>
        <When at={recommendation.createdAt}>{percent(recommendation.confidence)} confident</When>
      </Timeline.Item>
    ),
    disposition && (
      <Timeline.Item
        key="decided"
        bullet={<IconCheck size={13} />}
        title={`${whole.case.state.charAt(0).toUpperCase()}${whole.case.state.slice(1)} by ${disposition.decidedBy}: ${labelTitle(flow, disposition.class)}`}
      >
        <When at={disposition.decidedAt} />
        {disposition.reason && <Quote>{disposition.reason}</Quote>}
        {Object.entries(disposition.correction ?? {}).map(([name, value]) => (
          <Text key={name} size="sm">
            {columnTitle(flow, name)}: {formatValue(value)}
          </Text>
        ))}
      </Timeline.Item>
    ),
    whole.case.state === 'withdrawn' && <Timeline.Item key="withdrawn" bullet={<IconX size={13} />} title={`Withdrawn by ${whole.case.flaggedBy}`} />,
  ].filter((step) => step !== undefined && step !== false);
  return (
    <Panel title="History">
      <Timeline active={steps.length} bulletSize={24} lineWidth={2}>
        {steps}
      </Timeline>
    </Panel>
  );
}

function When({ at, children }: { at: string; children?: ReactNode }) {
  return (
    <Text size="xs" c="dimmed">
      {formatValue(at, 'timestamptz')}
      {children && <> · {children}</>}
    </Text>
  );
}

function Quote({ children }: { children: ReactNode }) {
  return (
    <Text size="sm" mt={4} style={{ overflowWrap: 'anywhere' }}>
      “{children}”
    </Text>
  );
}
