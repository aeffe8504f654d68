import { Group, SegmentedControl, Select, Skeleton, Stack, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import { LiveTable } from '../live/live-table.ts';
import { Message } from '../shell/message.tsx';
import { LineDrawer } from './line-drawer.tsx';
import { PlanCharts } from './plan-chart.tsx';
import { lineKey, type PlanLine, planLineOf } from './plan-line.ts';
import { PlanTable } from './plan-table.tsx';
import { SCHEMA, usePageTable, usePlanning } from './planning-data.ts';
import { type Order, type PlanNode, visibleNodes } from './roll-up.ts';

/** The consolidated plan of one measure, live: the tree by period, the chart of the chosen node, and all about one cell. */
export function PlanPage() {
  const view = usePlanView();
  useDocumentTitle('Plan · Planning');
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={1} size="h3">
          Consolidated plan
        </Title>
        <Controls view={view} />
      </Group>
      <Plan key={view.order} view={view} />
    </Stack>
  );
}

function Plan({ view }: { view: PlanView }) {
  const { reference } = usePlanning();
  const live = usePlanLines(view.measure);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(['all']));
  const [chosen, setChosen] = useState({ path: 'all', period: reference.periods[0] ?? '' });
  const [looking, setLooking] = useState(false);
  const lines = useMemo(() => [...live.rows.values()], [live.rows]);
  const nodes = useMemo(() => visibleNodes(lines, reference, { order: view.order, open }), [lines, reference, view.order, open]);
  const node = nodes.find(({ path }) => path === chosen.path) ?? nodes[0];
  const unit = lines[0]?.unit ?? '';
  const toggle = (path: string): void =>
    setOpen((before) => (before.has(path) ? new Set([...before].filter((known) => known !== path)) : new Set([...before, path])));
  if (live.ready && lines.length === 0) return <Message title="No plan yet">The first reconciliation makes it. It appears here by itself.</Message>;
  if (!live.ready || !node) return <PlanWaiting />;
  const line = lineOf(live.rows, node, chosen.period, view.measure);
  return (
    <>
      <PlanCharts node={node} unit={unit} periods={reference.periods} />
      <PlanTable nodes={nodes} open={open} toggle={toggle} chosen={chosen} choose={setChosen} look={() => setLooking(true)} unit={unit} />
      <LineDrawer opened={looking} node={node} period={chosen.period} measure={view.measure} line={line} close={() => setLooking(false)} />
    </>
  );
}

/** As large as what comes. */
function PlanWaiting() {
  return (
    <Stack gap="sm" component="output" aria-label="Loading">
      <Skeleton h={236} />
      <Skeleton h="calc(100vh - 384px)" mih={260} />
    </Stack>
  );
}

/** The plan's own line of a cell; undefined for a sum of lines. */
function lineOf(lines: ReadonlyMap<string, PlanLine>, node: PlanNode, period: string, measure: string): PlanLine | undefined {
  return node.product === undefined || node.region === undefined
    ? undefined
    : lines.get(lineKey({ product: node.product, region: node.region, period, measure }));
}

function usePlanLines(measure: string) {
  const table = useMemo(
    () => new LiveTable<PlanLine>({ schema: SCHEMA, table: 'plan_lines', filter: { measure: `eq.${measure}` }, keyOf: lineKey, read: planLineOf }),
    [measure],
  );
  return usePageTable(table);
}

interface PlanView {
  measure: string;
  order: Order;
  set: (change: Partial<Record<'measure' | 'order', string>>) => void;
}

function usePlanView(): PlanView {
  const { reference } = usePlanning();
  const [parameters, setParameters] = useSearchParams();
  return {
    measure: (reference.measures.find(({ id }) => id === parameters.get('measure')) ?? reference.measures[0])?.id ?? '',
    order: parameters.get('order') === 'region' ? 'region' : 'product',
    set: (change) => setParameters((before) => new URLSearchParams({ ...Object.fromEntries(before), ...change }), { replace: true }),
  };
}

function Controls({ view }: { view: PlanView }) {
  const { reference } = usePlanning();
  return (
    <Group gap="sm">
      <SegmentedControl
        size="sm"
        aria-label="Measure"
        value={view.measure}
        data={reference.measures.map(({ id, name }) => ({ value: id, label: name }))}
        onChange={(measure) => view.set({ measure })}
      />
      <Select
        size="sm"
        w={216}
        aria-label="Order of the tree"
        allowDeselect={false}
        value={view.order}
        data={[
          { value: 'product', label: 'Products, then regions' },
          { value: 'region', label: 'Regions, then products' },
        ]}
        onChange={(order) => view.set({ order: order ?? 'product' })}
      />
    </Group>
  );
}
