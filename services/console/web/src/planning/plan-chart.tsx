import { CompositeChart, type CompositeChartSeries } from '@mantine/charts';
import { Group, Text } from '@mantine/core';
import { useMemo } from 'react';
import { numberOf } from './decimal.ts';
import { periodTitle, TEAM_COLOURS, TEAM_TITLES, TEAMS } from './reference.ts';
import type { PlanNode } from './roll-up.ts';
import { showShort } from './show-amount.ts';

const PARTS = [
  ...TEAMS.map((team) => ({ name: team, label: TEAM_TITLES[team], color: `${TEAM_COLOURS[team]}.6` })),
  { name: 'assumed', label: 'Growth assumed', color: 'green.6' },
  { name: 'overrides', label: 'Overrides', color: 'yellow.6' },
  { name: 'cut', label: 'Cut by capacity', color: 'red.6' },
] as const;

const WHOLE: CompositeChartSeries[] = [
  { name: 'amount', label: 'Plan', color: 'lake.6', type: 'bar' },
  { name: 'baseline', label: 'Baseline', color: 'gray.6', type: 'line', strokeDasharray: '5 4' },
];

/** The plan over its baseline, and beside it what makes the difference: each team, growth, overrides, capacity. */
export function PlanCharts({ node, unit, periods }: { node: PlanNode; unit: string; periods: readonly string[] }) {
  const data = useMemo(() => pointsOf(node, periods), [node, periods]);
  const parts = PARTS.filter(({ name }) => TEAMS.some((team) => team === name) || data.some((point) => point[name] !== 0));
  const changes: CompositeChartSeries[] = [
    ...parts.map((part) => ({ ...part, type: 'bar' as const })),
    { name: 'change', label: 'In all', color: 'var(--mantine-color-text)', type: 'line' },
  ];
  return (
    <div className="charts">
      <Chart title={`${node.name}: plan`} unit={unit} data={data} series={WHOLE} />
      <Chart title="Against the baseline, by team" unit={unit} data={data} series={changes} />
    </div>
  );
}

interface ChartProps {
  title: string;
  unit: string;
  data: ReturnType<typeof pointsOf>;
  series: CompositeChartSeries[];
}

function Chart({ title, unit, data, series }: ChartProps) {
  return (
    <section className="panel chart" aria-label={`Chart: ${title}`}>
      <Group justify="space-between" mb={2} wrap="nowrap">
        <Text fw={600} size="sm" className="cut">
          {title}
        </Text>
        <Text size="xs" c="dimmed">
          {unit}
        </Text>
      </Group>
      <CompositeChart
        h={190}
        data={data}
        dataKey="period"
        series={series}
        withLegend
        legendProps={{ verticalAlign: 'top', height: 26 }}
        maxBarWidth={30}
        withDots={false}
        curveType="linear"
        strokeWidth={2}
        valueFormatter={showShort}
        yAxisProps={{ width: 52 }}
        barProps={{ stackId: 'parts', isAnimationActive: false }}
        lineProps={{ isAnimationActive: false }}
        composedChartProps={{ stackOffset: 'sign', accessibilityLayer: true }}
      />
    </section>
  );
}

function pointsOf(node: PlanNode, periods: readonly string[]) {
  const value = (amount: bigint | undefined): number => numberOf(amount ?? 0n);
  return periods.map((period) => {
    const cell = node.cells.get(period);
    return {
      period: periodTitle(period),
      baseline: value(cell?.baseline),
      amount: value(cell?.amount),
      change: value(cell && cell.amount - cell.baseline),
      assumed: value(cell?.assumed),
      finance: value(cell?.teams.finance),
      sales: value(cell?.teams.sales),
      supply: value(cell?.teams.supply),
      overrides: value(cell?.overrides),
      cut: value(cell?.cut),
    };
  });
}
