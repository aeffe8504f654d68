import { CompositeChart } from '@mantine/charts';
import { Group, Text } from '@mantine/core';
import { useMemo } from 'react';
import { numberOf } from './decimal.ts';
import { periodTitle, TEAM_COLOURS, TEAM_TITLES, TEAMS } from './reference.ts';
import type { PlanNode } from './roll-up.ts';
import { showShort } from './show-amount.ts';

const PARTS = [
  { name: 'baseline', label: 'Baseline', color: 'gray.5' },
  { name: 'assumed', label: 'Growth assumed', color: 'green.6' },
  ...TEAMS.map((team) => ({ name: team, label: TEAM_TITLES[team], color: `${TEAM_COLOURS[team]}.6` })),
  { name: 'overrides', label: 'Overrides', color: 'yellow.6' },
  { name: 'cut', label: 'Cut by capacity', color: 'red.6' },
] as const;

/** Baseline and what each team adds, stacked by period, with the plan as a line over it. */
export function PlanChart({ node, unit, periods }: { node: PlanNode; unit: string; periods: readonly string[] }) {
  const data = useMemo(() => pointsOf(node, periods), [node, periods]);
  const parts = PARTS.filter(({ name }) => name === 'baseline' || data.some((point) => point[name] !== 0));
  const series = [
    ...parts.map((part) => ({ ...part, type: 'bar' as const })),
    { name: 'amount', label: 'Plan', color: 'var(--mantine-color-text)', type: 'line' as const },
  ];
  return (
    <>
      <Group justify="space-between" mb={4}>
        <Text fw={600}>{node.name}</Text>
        <Text size="xs" c="dimmed">
          {unit}
        </Text>
      </Group>
      <CompositeChart
        h={206}
        data={data}
        dataKey="period"
        series={series}
        withLegend
        legendProps={{ verticalAlign: 'top', height: 28 }}
        maxBarWidth={34}
        withDots={false}
        curveType="linear"
        strokeWidth={2}
        valueFormatter={showShort}
        yAxisProps={{ width: 52 }}
        barProps={{ stackId: 'parts', isAnimationActive: false }}
        lineProps={{ isAnimationActive: false }}
        composedChartProps={{ stackOffset: 'sign', accessibilityLayer: true }}
      />
    </>
  );
}

function pointsOf(node: PlanNode, periods: readonly string[]) {
  const value = (amount: bigint | undefined): number => numberOf(amount ?? 0n);
  return periods.map((period) => {
    const cell = node.cells.get(period);
    return {
      period: periodTitle(period),
      baseline: value(cell?.baseline),
      assumed: value(cell?.assumed),
      finance: value(cell?.teams.finance),
      sales: value(cell?.teams.sales),
      supply: value(cell?.teams.supply),
      overrides: value(cell?.overrides),
      cut: value(cell?.cut),
      amount: value(cell?.amount),
    };
  });
}
