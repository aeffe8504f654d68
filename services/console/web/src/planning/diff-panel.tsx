import { Alert, Group, SegmentedControl, Skeleton, Stack, Table, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { inWords } from '../api/in-words.ts';
import { Panel } from '../cases/panel.tsx';
import { CauseList, TeamName } from './cause-list.tsx';
import { type Amount, numberOf, sum } from './decimal.ts';
import { type ByCause, byCause, type LineDiff, lineDiffs, planChangeOf } from './plan-diff.ts';
import { readAll, usePlanning } from './planning-data.ts';
import { isTeam, periodTitle, TEAM_COLOURS } from './reference.ts';
import { showAmount, showChange } from './show-amount.ts';

/** Lines that are listed: the largest differences. */
const SHOWN = 150;
/** Changes that are fetched at most. */
const MOST = 20_000;

/** What changed from one version to another: by whom in all, and line by line. */
export function DiffPanel({ from, to, children }: { from: number; to: number; children: ReactNode }) {
  const { reference } = usePlanning();
  const [wanted, setWanted] = useState('');
  const diff = useQuery({
    queryKey: ['planning', 'diff', from, to],
    queryFn: async ({ signal }) =>
      lineDiffs((await readAll('plan_changes', { and: `(version.gt.${from},version.lte.${to})`, limit: String(MOST) }, signal)).map(planChangeOf)),
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
  const lines = diff.data ?? [];
  const measures = reference.measures.filter(({ id }) => lines.some((line) => line.measure === id));
  const measure = (measures.find(({ id }) => id === wanted) ?? measures[0] ?? reference.measures[0])?.id ?? '';
  const shown = lines.filter((line) => line.measure === measure);
  return (
    <Panel title={`What v${to} changed`} aside={children}>
      {diff.isPending && <Skeleton h={200} aria-label="Loading" />}
      {diff.isError && (
        <Alert color="red" title={inWords(diff.error).title}>
          {inWords(diff.error).detail}
        </Alert>
      )}
      {diff.data?.length === 0 && <Text c="dimmed">No amount differs.</Text>}
      {lines.length > 0 && (
        <Stack gap="md">
          <Group justify="space-between">
            <SegmentedControl
              size="xs"
              aria-label="Measure"
              value={measure}
              onChange={setWanted}
              data={measures.map(({ id, name }) => ({ value: id, label: name }))}
            />
            <Text size="sm" className="tabular">
              {shown.length.toLocaleString()} lines, in all <b>{showChange(sum(shown.map(({ difference }) => difference)))}</b>
            </Text>
          </Group>
          <Causes causes={byCause(lines, measure)} />
          <Lines lines={shown} />
        </Stack>
      )}
    </Panel>
  );
}

/** Bars around a middle line: who raised the plan, who lowered it. */
function Causes({ causes }: { causes: readonly ByCause[] }) {
  const largest = causes.reduce((most, { amount }) => Math.max(most, Math.abs(numberOf(amount))), 0) || 1;
  return (
    <ul className="bars causes" aria-label="Who changed how much">
      {causes.slice(0, 12).map((cause) => (
        <li key={`${cause.team}/${cause.author}`}>
          <TeamName team={cause.team} />
          <span className="cut dimmed">{cause.author || (cause.team === '' ? 'several inputs together' : '')}</span>
          <span className="track" aria-hidden>
            <Bar amount={cause.amount} largest={largest} team={cause.team} />
          </span>
          <span className="tabular number">{showChange(cause.amount)}</span>
        </li>
      ))}
    </ul>
  );
}

function Bar({ amount, largest, team }: { amount: Amount; largest: number; team: string }) {
  const share = (Math.abs(numberOf(amount)) / largest) * 50;
  const colour = `var(--mantine-color-${isTeam(team) ? TEAM_COLOURS[team] : 'gray'}-6)`;
  return <span className="bar" style={{ width: `${share}%`, background: colour, ...(amount < 0n ? { right: '50%' } : { left: '50%' }) }} />;
}

function Lines({ lines }: { lines: readonly LineDiff[] }) {
  const { reference } = usePlanning();
  return (
    <Table fz="sm" verticalSpacing={4} aria-label="Lines that changed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Product · region</Table.Th>
          <Table.Th>Period</Table.Th>
          <Table.Th ta="right">Before</Table.Th>
          <Table.Th ta="right">After</Table.Th>
          <Table.Th ta="right">Difference</Table.Th>
          <Table.Th>Through</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {lines.slice(0, SHOWN).map((line) => (
          <Table.Tr key={`${line.product}|${line.region}|${line.period}`}>
            <Table.Td>
              {reference.products.name(line.product)} · {reference.regions.name(line.region)}
            </Table.Td>
            <Table.Td>{periodTitle(line.period)}</Table.Td>
            <Table.Td ta="right" c="dimmed" className="tabular">
              {line.before === undefined ? 'new' : showAmount(line.before)}
            </Table.Td>
            <Table.Td ta="right" className="tabular">
              {line.after === undefined ? 'gone' : showAmount(line.after)}
            </Table.Td>
            <Table.Td ta="right" fw={600} className="tabular">
              {showChange(line.difference)}
            </Table.Td>
            <Table.Td>
              <CauseList causes={line.causes} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
      {lines.length > SHOWN && <Table.Caption>and {(lines.length - SHOWN).toLocaleString()} smaller ones</Table.Caption>}
    </Table>
  );
}
