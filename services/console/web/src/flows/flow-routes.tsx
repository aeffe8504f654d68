import { Center, Loader } from '@mantine/core';
import { Link, Outlet, useParams } from 'react-router';
import type { FlowDescription } from '#contracts/http/flows';
import { LiveCasesStore, useFollowedCases } from '../live/use-live-cases.ts';
import { Message, Problem } from '../shell/message.tsx';
import { Shell } from '../shell/shell.tsx';
import { CurrentFlow, useFlows } from './flows.ts';

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
  return (
    <CurrentFlow value={flow}>
      <LiveCasesStore value={store}>
        <Shell flows={flows}>
          <Outlet />
        </Shell>
      </LiveCasesStore>
    </CurrentFlow>
  );
}
