import { useMemo, useSyncExternalStore } from 'react';
import { useFollowed } from '../live/use-followed.ts';
import { useCurrentUser } from '../session/current-user.ts';
import { usePageStream } from './planning-data.ts';
import type { Team } from './reference.ts';
import { TeamTable, type TeamView } from './team-table.ts';

/** A team's table, followed while the page shows it. */
export function useTeamTable(team: Team): { table: TeamTable; view: TeamView } {
  const { subject } = useCurrentUser();
  const table = useMemo(() => new TeamTable(team, subject), [team, subject]);
  useFollowed(table.live);
  const view = useSyncExternalStore(table.subscribe, table.view);
  usePageStream(view.live);
  return { table, view };
}
