import { Code, Group, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TraceStep } from '#contracts/http/trace';
import { inWords } from '../api/in-words.ts';
import { lakeloop } from '../api/lakeloop.ts';
import { Panel } from '../cases/panel.tsx';
import { type Lane, waterfall } from './waterfall.ts';

const COLOURS: Readonly<Record<TraceStep['kind'], string>> = {
  write: 'var(--mantine-color-teal-6)',
  publish: 'var(--mantine-color-grape-6)',
  receive: 'var(--mantine-color-blue-6)',
};
const MEANINGS: Readonly<Record<TraceStep['kind'], string>> = { write: 'written', publish: 'on the change log', receive: 'taken by the flow' };

/** Every step of the case, from first write to final row, with who, where and when. */
export function TracePanel({ traceId, state }: { traceId: string; state: string }) {
  const trace = useQuery({
    queryKey: ['trace', traceId, state],
    queryFn: ({ signal }) => lakeloop().trace(traceId, { signal }),
    placeholderData: (before) => (before?.traceId === traceId ? before : undefined),
  });
  return (
    <Panel title="Trace" aside={<Code title="Trace id">{traceId}</Code>}>
      {trace.isPending && <Skeleton h={120} aria-label="Loading" />}
      {trace.isError && <Text c="dimmed">The trace can’t be shown: {inWords(trace.error).detail}</Text>}
      {trace.data && trace.data.steps.length === 0 && <Text c="dimmed">No step is recorded yet.</Text>}
      {trace.data && trace.data.steps.length > 0 && <Waterfall lanes={waterfall(trace.data.steps)} />}
    </Panel>
  );
}

function Waterfall({ lanes }: { lanes: readonly Lane[] }) {
  return (
    <>
      <Group gap="md" mb="xs">
        {Object.entries(MEANINGS).map(([kind, meaning]) => (
          <Group key={kind} gap={6}>
            <span style={{ width: 10, height: 10, borderRadius: 3, background: COLOURS[kind as TraceStep['kind']] }} aria-hidden />
            <Text size="xs" c="dimmed">
              {meaning}
            </Text>
          </Group>
        ))}
        <Text size="xs" c="dimmed">
          a bar is the time since the step before, on a logarithmic scale
        </Text>
      </Group>
      <ul className="waterfall" aria-label="Steps of the case">
        {lanes.map((lane, index) => (
          <li key={index} aria-label={`${lane.title}, ${lane.detail}, ${lane.took}`}>
            <div aria-hidden style={{ minWidth: 0 }}>
              <div className="cut">{lane.title}</div>
              <Text size="xs" c="dimmed" className="cut" title={lane.detail}>
                {lane.detail}
              </Text>
            </div>
            <div className="lane" aria-hidden>
              <span
                className="step"
                title={lane.step.at}
                style={{ left: `${lane.from * 97}%`, width: `${(lane.to - lane.from) * 97}%`, background: COLOURS[lane.step.kind] }}
              />
            </div>
            <span className="time" title={`${lane.since} since the first step, at ${lane.step.at}`} aria-hidden>
              {lane.took}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
