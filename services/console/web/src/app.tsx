import { Center, Loader } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { CasePage } from './cases/case-page.tsx';
import { QueuePage } from './cases/queue-page.tsx';
import { FlowRoutes } from './flows/flow-routes.tsx';
import { useFlows } from './flows/flows.ts';
import { CurrentUser } from './session/current-user.ts';
import { useSession } from './session/session.ts';
import { SignInPage } from './session/sign-in-page.tsx';
import { Problem } from './shell/message.tsx';
import { TABLES, useMayPlan, useRooms } from './shell/rooms.ts';
import { RowsPage } from './subjects/rows-page.tsx';

/** With its charts as large as all the rest: fetched by who plans. */
const PlanningRoutes = lazy(async () => ({ default: (await import('./planning/planning-room.tsx')).PlanningRoutes }));
const TablesRoutes = lazy(async () => ({ default: (await import('./tables/tables-room.tsx')).TablesRoutes }));

/** The whole web app: signed out it is the sign-in page, whatever the address. */
export function App() {
  const session = useSession();
  if (session.isPending) return <Waiting />;
  if (session.isError) return <Problem error={session.error} retry={() => void session.refetch()} />;
  const { user } = session.data;
  if (!user) return <SignInPage />;
  return (
    <CurrentUser value={user}>
      <Routes>
        <Route
          path="/planning/*"
          element={
            <Suspense fallback={<Waiting />}>
              <PlanningRoutes />
            </Suspense>
          }
        />
        <Route
          path="/tables/*"
          element={
            <Suspense fallback={<Waiting />}>
              <TablesRoutes />
            </Suspense>
          }
        />
        <Route path="/:flow" element={<FlowRoutes />}>
          <Route path="cases" element={<QueuePage />} />
          <Route path="cases/:id" element={<CasePage />} />
          <Route path="rows" element={<RowsPage />} />
          <Route path="*" element={<Navigate to="cases" replace />} />
          <Route index element={<Navigate to="cases" replace />} />
        </Route>
        <Route path="*" element={<FirstRoom />} />
      </Routes>
    </CurrentUser>
  );
}

function FirstRoom() {
  const flows = useFlows();
  const planning = useMayPlan();
  const rooms = useRooms(flows.data ?? []);
  if (flows.isPending) return <Waiting />;
  if (flows.isError) return <Problem error={flows.error} retry={() => void flows.refetch()} />;
  const { home } = rooms[0] ?? TABLES;
  return home === TABLES.home && planning.isPending ? <Waiting /> : <Navigate to={home} replace />;
}

function Waiting() {
  return (
    <Center h="100vh">
      <Loader aria-label="Loading" />
    </Center>
  );
}
