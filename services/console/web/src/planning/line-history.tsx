import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { planChangeOf } from './plan-diff.ts';
import type { PlanLine } from './plan-line.ts';
import { readAll, usePlanning } from './planning-data.ts';
import { CauseList } from './cause-list.tsx';
import { showAmount } from './show-amount.ts';

/** The last versions that moved this line, and who did. */
export function LineHistory({ line, measure }: { line: PlanLine; measure: string }) {
  const { version } = usePlanning();
  const { product, region, period } = line;
  const changes = useQuery({
    queryKey: ['planning', 'line-changes', version, product, region, period, measure],
    queryFn: async ({ signal }) =>
      (
        await readAll(
          'plan_changes',
          { product: `eq.${product}`, region: `eq.${region}`, period: `eq.${period}`, measure: `eq.${measure}`, order: 'version.desc', limit: '10' },
          signal,
        )
      ).map(planChangeOf),
    placeholderData: (before) => before,
  });
  if (!changes.data || changes.data.length === 0) return undefined;
  return (
    <section aria-label="History">
      <Text fw={600} size="sm" mb={6}>
        History
      </Text>
      <ul className="plain history">
        {changes.data.map((change) => (
          <li key={change.version}>
            <Text size="sm">
              <span className="dimmed">v{change.version}</span> {change.before === undefined ? 'new' : showAmount(change.before)} →{' '}
              <b>{change.after === undefined ? 'gone' : showAmount(change.after)}</b>
            </Text>
            <CauseList causes={change.causes} />
          </li>
        ))}
      </ul>
    </section>
  );
}
