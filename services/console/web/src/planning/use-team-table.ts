import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { useFollowed } from '../live/use-followed.ts';
import { useCurrentUser } from '../session/current-user.ts';
import { usePlanning } from './planning-data.ts';
import type { Team } from './reference.ts';
import { TeamTable, type TeamView } from './team-table.ts';

/** A team's table, followed while the page shows it. */
export function useTeamTable(team: Team): { table: TeamTable; view: TeamView } {
  const { subject } = useCurrentUser();
  const { follow } = usePlanning();
  const table = useMemo(() => new TeamTable(team, subject), [team, subject]);
  useFollowed(table.live);
  const view = useSyncExternalStore(table.subscribe, table.view);
  const { connection, problem } = view.live;
  useEffect(() => {
    follow({ connection, problem });
    return () => follow(undefined);
  }, [follow, connection, problem]);
  return { table, view };
}
