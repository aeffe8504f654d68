import { Group, Text } from '@mantine/core';
import type { Cause } from './plan-diff.ts';
import { isTeam, TEAM_COLOURS, TEAM_TITLES } from './reference.ts';
import { showChange } from './show-amount.ts';

/** A team's name with its colour; what is no team (an override, a choice) by its own word. */
export function TeamName({ team }: { team: string }) {
  const known = isTeam(team);
  return (
    <span className="team-name">
      <span className="dot" style={{ background: `var(--mantine-color-${known ? TEAM_COLOURS[team] : 'gray'}-6)` }} aria-hidden />
      {known ? TEAM_TITLES[team] : team === '' ? 'Other' : team.charAt(0).toUpperCase() + team.slice(1)}
    </span>
  );
}

/** Who moved a line, and by how much; those whose shares can't be told apart are only named. */
export function CauseList({ causes }: { causes: readonly Cause[] }) {
  return (
    <Group gap={10}>
      {causes.slice(0, 6).map((cause, index) => (
        <Text key={index} size="xs" span>
          <TeamName team={cause.team} /> <span className="dimmed">{cause.author}</span>{' '}
          {cause.amount !== 0n && <span className="tabular">{showChange(cause.amount)}</span>}
        </Text>
      ))}
      {causes.length > 6 && (
        <Text size="xs" c="dimmed">
          and {causes.length - 6} more
        </Text>
      )}
    </Group>
  );
}
