import { Group, Loader, Progress, Stack, Text } from '@mantine/core';
import { labelTitle, useFlow } from '../flows/flows.ts';
import { percent } from '../subjects/format-value.ts';
import { ClassBadge } from './badges.tsx';
import type { Recommendation } from './case.ts';
import { ContributionBars } from './contribution-bars.tsx';
import { Panel } from './panel.tsx';

/** What the flow recommends, how sure it is, and why. */
export function RecommendationPanel({ recommendation, state }: { recommendation: Recommendation | undefined; state: string }) {
  if (!recommendation)
    return (
      <Panel title="Recommendation">
        {state === 'flagged' ? (
          <Group gap="sm" component="output">
            <Loader size="xs" aria-hidden />
            <Text c="dimmed">The case is being classified. It appears here by itself.</Text>
          </Group>
        ) : (
          <Text c="dimmed">There is none.</Text>
        )}
      </Panel>
    );
  return (
    <Panel
      title="Recommendation"
      aside={
        <Text size="xs" c="dimmed">
          model {recommendation.modelVersion}
        </Text>
      }
    >
      <Stack gap="md">
        <Confidence recommendation={recommendation} />
        {recommendation.contributions ? (
          <ContributionBars contributions={recommendation.contributions} label={recommendation.class} />
        ) : (
          <Text c="dimmed">Your role may not see what it was based on.</Text>
        )}
      </Stack>
    </Panel>
  );
}

function Confidence({ recommendation }: { recommendation: Recommendation }) {
  const flow = useFlow();
  const share = recommendation.confidence;
  const others = Object.entries(recommendation.probabilities)
    .filter(([label, probability]) => label !== recommendation.class && probability >= 0.01)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3);
  return (
    <div>
      <Group justify="space-between" mb={6}>
        <ClassBadge label={recommendation.class} size="lg" />
        <Text fw={600}>{percent(share)} confident</Text>
      </Group>
      <Progress value={share * 100} size="lg" aria-label="Confidence" color={share >= 0.8 ? 'teal' : share >= 0.5 ? 'yellow' : 'orange'} />
      {others.length > 0 && (
        <Text size="sm" c="dimmed" mt={6}>
          Otherwise: {others.map(([label, probability]) => `${labelTitle(flow, label)} ${percent(probability)}`).join(', ')}
        </Text>
      )}
    </div>
  );
}
