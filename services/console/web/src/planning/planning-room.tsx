import { Center, Loader } from '@mantine/core';
import '@mantine/charts/styles.css';
import './planning.css';
import { useMemo, useState } from 'react';
import { Link, Navigate, Outlet, Route, Routes } from 'react-router';
import { useFlows } from '../flows/flows.ts';
import type { ConnectionView } from '../live/connection.ts';
import { LiveTable } from '../live/live-table.ts';
import { useLiveTable } from '../live/use-live-table.ts';
import { useCurrentUser } from '../session/current-user.ts';
import { Message, Problem } from '../shell/message.tsx';
import { PLANNING, useMayPlan, useRooms } from '../shell/rooms.ts';
import { Shell } from '../shell/shell.tsx';
import { ConflictsPage } from './conflicts-page.tsx';
import { Freshness } from './freshness.tsx';
import { PLANNING_HELP } from './planning-help.ts';
import { PlanPage } from './plan-page.tsx';
import { type PlanRun, planRunOf } from './plan-run.ts';
import { CurrentRoom, SCHEMA, useFirstRun, useReferenceQuery } from './planning-data.ts';
import type { Reference } from './reference.ts';
import { isTeam, TEAM_TITLES, TEAMS } from './reference.ts';
import { PremisesPage } from './premises-page.tsx';
import { RunsPage } from './runs-page.tsx';
import { TeamPage } from './team-page.tsx';
import { VersionsPage } from './versions-page.tsx';

/** Everything below `/planning`, for those who may read it. */
export function PlanningRoutes() {
  const access = useMayPlan();
  if (access.data === false)
    return (
      <Message title="No such page" action={<Link to="/">To the start</Link>}>
        There is no planning here that you may read.
      </Message>
    );
  if (access.isError) return <Problem error={access.error} retry={() => void access.refetch()} />;
  return access.data ? <Opening /> : <Waiting />;
}

function Opening() {
  const reference = useReferenceQuery();
  const firstRun = useFirstRun();
  const failed = [reference, firstRun].find(({ isError }) => isError);
  if (failed) return <Problem error={failed.error} retry={() => void failed.refetch()} />;
  return reference.data && firstRun.data !== undefined ? <Room reference={reference.data} after={firstRun.data} /> : <Waiting />;
}

function Waiting() {
  return (
    <Center h="100vh">
      <Loader aria-label="Loading" />
    </Center>
  );
}

const PAGES = [
  { to: '/planning/plan', title: 'Plan' },
  ...TEAMS.map((team) => ({ to: `/planning/teams/${team}`, title: TEAM_TITLES[team] })),
  { to: '/planning/conflicts', title: 'Conflicts' },
  { to: '/planning/versions', title: 'Versions' },
  { to: '/planning/runs', title: 'Runs' },
  { to: '/planning/premises', title: 'Premises' },
];

function Room({ reference, after }: { reference: Reference; after: number }) {
  const flows = useFlows();
  const rooms = useRooms(flows.data ?? []);
  const runs = useMemo(
    () => new LiveTable<PlanRun>({ schema: SCHEMA, table: 'plan_runs', filter: { id: `gt.${after}` }, keyOf: ({ id }) => id, read: planRunOf }),
    [after],
  );
  const runsView = useLiveTable(runs);
  const [page, follow] = useState<ConnectionView>();
  const { epoch, version } = useMemo(() => stateOf(runsView.rows), [runsView.rows]);
  const room = useMemo(() => ({ reference, runs, runsView, epoch, version, follow }), [reference, runs, runsView, epoch, version]);
  return (
    <CurrentRoom value={room}>
      <Shell rooms={rooms} room={PLANNING.name} pages={PAGES} stream={worse(runsView, page)} help={PLANNING_HELP} aside={<Freshness />}>
        <Routes>
          <Route path="plan" element={<PlanPage />} />
          <Route path="teams/:team" element={<TeamPage />} />
          <Route path="conflicts" element={<ConflictsPage />} />
          <Route path="versions" element={<VersionsPage />} />
          <Route path="runs" element={<RunsPage />} />
          <Route path="premises/:table?" element={<PremisesPage />} />
          <Route path="*" element={<Home />} />
        </Routes>
        <Outlet />
      </Shell>
    </CurrentRoom>
  );
}

/** A team begins at its own table, everybody else at the plan. */
function Home() {
  const { role } = useCurrentUser();
  return <Navigate to={isTeam(role) ? `/planning/teams/${role}` : '/planning/plan'} replace />;
}

function stateOf(runs: ReadonlyMap<string, PlanRun>): { epoch: string; version: number } {
  let [ended, version] = [0, 0];
  for (const run of runs.values()) {
    if (run.status !== 'running') ended += 1;
    if (run.status === 'published') version = Math.max(version, run.version ?? 0);
  }
  return { epoch: `${ended}/${version}`, version };
}

const BADNESS = ['live', 'connecting', 'reconnecting', 'refused'] as const;

function worse(a: ConnectionView, b: ConnectionView | undefined): ConnectionView {
  return b && BADNESS.indexOf(b.connection) > BADNESS.indexOf(a.connection) ? b : a;
}
