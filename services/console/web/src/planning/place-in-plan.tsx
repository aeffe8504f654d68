import { Skeleton, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { inList } from '../api/rows.ts';
import { BreakdownTable } from './breakdown-table.tsx';
import type { GridRow } from './grid-model.ts';
import { addTo, breakdownOf, emptyBreakdown, planLineOf } from './plan-line.ts';
import { readAll, usePlanning } from './planning-data.ts';
import type { Reference } from './reference.ts';

/** What the last plan made of a place: baseline, each team, what was cut, the result. */
export function PlaceInPlan({ row, period, measure, reference }: { row: GridRow; period: string; measure: string; reference: Reference }) {
  const { version } = usePlanning();
  const found = useQuery({
    queryKey: ['planning', 'place', version, row.id, period, measure],
    queryFn: async ({ signal }) => {
      const lines = await readAll(
        'plan_lines',
        {
          product: inList(reference.products.leaves(row.product)),
          region: inList(reference.regions.leaves(row.region)),
          period: `eq.${period}`,
          measure: `eq.${measure}`,
        },
        signal,
      );
      const total = emptyBreakdown();
      for (const line of lines.map(planLineOf)) addTo(total, breakdownOf(line));
      return { total, lines: lines.length, unit: lines[0] ? planLineOf(lines[0]).unit : '' };
    },
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  if (found.isPending) return <Skeleton h={96} aria-label="Loading" />;
  if (found.isError || found.data.lines === 0)
    return (
      <Text size="sm" c="dimmed">
        The plan has no line here yet.
      </Text>
    );
  return <BreakdownTable breakdown={found.data.total} unit={found.data.unit} dimmed={found.isPlaceholderData} />;
}
