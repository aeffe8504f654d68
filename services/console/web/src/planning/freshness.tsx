import { Badge, Group, Loader, Text, Tooltip } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { useNow } from '../live/use-now.ts';
import { age } from '../subjects/format-value.ts';
import { usePlanning } from './planning-data.ts';
import { freshness } from './plan-run.ts';

/** How old the plan is that everybody sees, whether a run goes on, and whether the last one failed. */
export function Freshness() {
  const { runsView } = usePlanning();
  const now = useNow(1_000);
  const { published, running, failed } = useMemo(() => freshness([...runsView.rows.values()]), [runsView.rows]);
  if (!runsView.ready) return undefined;
  return (
    <Group gap={8} wrap="nowrap" component="output" aria-label="Freshness of the plan">
      {running && (
        <Tooltip label="A reconciliation goes on; the plan stays as it is until it is done">
          <Loader size={14} aria-label="Reconciling" />
        </Tooltip>
      )}
      {failed && !running && (
        <Tooltip label={`The last run failed: ${failed.error || 'see Runs'}. The last good plan stays.`} maw={360} multiline>
          <Badge
            component={Link}
            to="/planning/runs"
            color="red"
            variant="light"
            tt="none"
            leftSection={<IconAlertTriangle size={13} />}
            style={{ cursor: 'pointer' }}
          >
            Run failed
          </Badge>
        </Tooltip>
      )}
      {published ? (
        <Tooltip label={`Version ${published.version ?? '–'} was published ${new Date(published.finishedAt || published.startedAt).toLocaleString()}`}>
          <Text size="sm" className="freshness">
            <b>v{published.version}</b> <span className="dimmed">{age(published.finishedAt || published.startedAt, now)} ago</span>
          </Text>
        </Tooltip>
      ) : (
        <Text size="sm" c="dimmed">
          no plan yet
        </Text>
      )}
    </Group>
  );
}
