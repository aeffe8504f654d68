import { Anchor, Grid, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle, useHotkeys } from '@mantine/hooks';
import { IconArrowLeft } from '@tabler/icons-react';
import { Link, useNavigate, useParams } from 'react-router';
import { tableTitle, useFlow } from '../flows/flows.ts';
import { useLiveCases } from '../live/use-live-cases.ts';
import { Problem } from '../shell/message.tsx';
import { describe } from '../subjects/flag-dialog.tsx';
import { SubjectFacts } from '../subjects/subject-facts.tsx';
import { TracePanel } from '../trace/trace-panel.tsx';
import { StateBadge } from './badges.tsx';
import { useCase, type WholeCase } from './case-query.ts';
import { isOpen } from './machine.ts';
import { DecisionPanel } from './decision-panel.tsx';
import { HistoryList } from './history-list.tsx';
import { Panel } from './panel.tsx';
import { shortId } from './queue-columns.tsx';
import { RecommendationPanel } from './recommendation-panel.tsx';

/** One case: what it is about, what is recommended and why, what to do, what happened. */
export function CasePage() {
  const flow = useFlow();
  const { id = '' } = useParams();
  const found = useCase(flow, id);
  useDocumentTitle(`Case ${shortId(id)} · ${flow.title}`);
  useWalk(id);
  if (found.isPending) return <Waiting />;
  if (found.isError) return <Problem error={found.error} retry={() => void found.refetch()} />;
  const whole = found.data;
  return (
    <Stack gap="md" maw={1440} mx="auto">
      <Heading whole={whole} />
      <Grid>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="md">
            <RecommendationPanel recommendation={whole.recommendation} state={whole.case.state} />
            <DecisionPanel key={whole.case.id} whole={whole} />
            <HistoryList whole={whole} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Panel title={`${tableTitle(flow)} · ${String(whole.case.subjectKey)}`}>
            {whole.subject ? (
              <SubjectFacts subject={whole.subject} correction={whole.disposition?.correction} />
            ) : (
              <Text c="dimmed">You may not read this row.</Text>
            )}
          </Panel>
        </Grid.Col>
      </Grid>
      <TracePanel traceId={whole.case.traceId} state={whole.case.state} />
    </Stack>
  );
}

function Heading({ whole }: { whole: WholeCase }) {
  const flow = useFlow();
  return (
    <div>
      <Anchor component={Link} to={`/${flow.name}/cases`} size="sm">
        <Group gap={4} component="span">
          <IconArrowLeft size={15} aria-hidden /> All cases
        </Group>
      </Anchor>
      <Group gap="sm" mt={4}>
        <Title order={1} size="h3">
          Case {shortId(whole.case.id)}
        </Title>
        <output aria-label={`State: ${whole.case.state}`}>
          <StateBadge state={whole.case.state} />
        </output>
        <Text c="dimmed" className="cut" maw={700}>
          {whole.subject && describe(flow.subject.summary, flow.subject.columns, whole.subject)}
        </Text>
      </Group>
    </div>
  );
}

/** J and K walk through the open cases, newest first; U goes back to the list. */
function useWalk(id: string): void {
  const flow = useFlow();
  const navigate = useNavigate();
  const { entries } = useLiveCases();
  const step = (by: number) => (): void => {
    const open = entries
      .filter((entry) => isOpen(flow, entry.case.state) || entry.case.id === id)
      .toSorted((a, b) => b.case.flaggedAt.localeCompare(a.case.flaggedAt));
    const next = open[open.findIndex((entry) => entry.case.id === id) + by];
    if (next) void navigate(`/${flow.name}/cases/${next.case.id}`);
  };
  useHotkeys([
    ['J', step(1)],
    ['K', step(-1)],
    ['U', () => void navigate(`/${flow.name}/cases`)],
  ]);
}

function Waiting() {
  return (
    <Stack component="output" aria-label="Loading">
      <Skeleton h={52} maw={420} />
      <Grid>
        <Grid.Col span={7}>
          <Skeleton h={320} />
        </Grid.Col>
        <Grid.Col span={5}>
          <Skeleton h={320} />
        </Grid.Col>
      </Grid>
    </Stack>
  );
}
