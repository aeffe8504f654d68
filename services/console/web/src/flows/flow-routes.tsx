import { Center, Loader } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { Link, Outlet, useParams } from 'react-router';
import type { FlowDescription } from '#contracts/http/flows';
import { LiveCasesStore, useFollowedCases } from '../live/use-live-cases.ts';
import { Message, Problem } from '../shell/message.tsx';
import { Shell } from '../shell/shell.tsx';
import { useRooms } from '../shell/rooms.ts';
import { CASE_HELP } from './case-help.ts';
import { CurrentFlow, tableTitle, useFlows } from './flows.ts';

/** Everything below `/<flow>`: finds the flow, follows its cases, and puts the page into the shell. */
export function FlowRoutes() {
  const { flow: name } = useParams();
  const flows = useFlows();
  if (flows.isPending)
    return (
      <Center h="100vh">
        <Loader aria-label="Loading" />
      </Center>
    );
  if (flows.isError) return <Problem error={flows.error} retry={() => void flows.refetch()} />;
  const flow = flows.data.find((candidate) => candidate.name === name);
  if (!flow)
    return (
      <Message title="No such page" action={<Link to="/">To the start</Link>}>
        There is no flow “{name}” that you may read.
      </Message>
    );
  return <FollowedFlow key={flow.name} flow={flow} flows={flows.data} />;
}

function FollowedFlow({ flow, flows }: { flow: FlowDescription; flows: readonly FlowDescription[] }) {
  const store = useFollowedCases(flow);
  const rooms = useRooms(flows);
  const { connection, problem } = useSyncExternalStore(store.subscribe, store.view);
  const pages = [
    { to: `/${flow.name}/cases`, title: 'Cases' },
    { to: `/${flow.name}/rows`, title: tableTitle(flow) },
  ];
  return (
    <CurrentFlow value={flow}>
      <LiveCasesStore value={store}>
        <Shell rooms={rooms} room={flow.name} pages={pages} stream={{ connection, problem }} help={CASE_HELP}>
          <Outlet />
        </Shell>
      </LiveCasesStore>
    </CurrentFlow>
  );
}
