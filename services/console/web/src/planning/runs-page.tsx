import { Badge, Button, Drawer, Group, Loader, Stack, Table, Text, Title, Tooltip } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ColumnDef, SortingState } from '@tanstack/react-table';
import { useMemo, useState } from 'react';
import { asText } from '../api/as-text.ts';
import { insertRow, type Row } from '../api/rows.ts';
import { useNow } from '../live/use-now.ts';
import { useCurrentUser } from '../session/current-user.ts';
import { ListTable } from '../shell/list-table.tsx';
import { Message } from '../shell/message.tsx';
import { age, formatValue } from '../subjects/format-value.ts';
import { duration } from '../trace/waterfall.ts';
import { ActForm } from './act-form.tsx';
import { amountOf } from './decimal.ts';
import { CAUSE_TITLES, type PlanRun } from './plan-run.ts';
import { readAll, SCHEMA, usePlanning } from './planning-data.ts';
import { mayOf } from './planning-roles.ts';
import { showAmount } from './show-amount.ts';

const COLOURS: Readonly<Record<string, string>> = { running: 'blue', published: 'teal', unchanged: 'gray', failed: 'red', skipped: 'yellow' };
const NEWEST_FIRST: SortingState = [{ id: 'started', desc: true }];

/** Every reconciliation: when, why, how long, what came of it; to ask for another one. */
export function RunsPage() {
  const { runsView } = usePlanning();
  const { act } = mayOf(useCurrentUser().role);
  const now = useNow();
  const [sorting, setSorting] = useState<SortingState>(NEWEST_FIRST);
  const [looking, setLooking] = useState<string>();
  const [asking, setAsking] = useState<{ scopes: readonly string[] | undefined }>();
  useDocumentTitle('Runs · Planning');
  const runs = useMemo(() => [...runsView.rows.values()], [runsView.rows]);
  const columns = useMemo(() => runColumns(now), [now]);
  const looked = looking === undefined ? undefined : runsView.rows.get(looking);
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Title order={1} size="h3">
          Runs
        </Title>
        {act && (
          <Button size="xs" leftSection={<IconPlayerPlay size={15} />} onClick={() => setAsking({ scopes: undefined })}>
            Run now
          </Button>
        )}
      </Group>
      <ListTable
        label="Runs"
        data={runs}
        columns={columns}
        rowId={({ id }) => id}
        sorting={sorting}
        onSorting={setSorting}
        isFresh={({ status }) => status === 'running'}
        onOpen={({ id }) => setLooking(id)}
        empty={
          runsView.ready ? (
            <Message title="No run yet">Runs come on schedule, after changes, and when somebody asks for one.</Message>
          ) : (
            <Message title="Loading …">
              <Loader aria-label="Loading" size="sm" mt="sm" />
            </Message>
          )
        }
      />
      <RunDrawer run={looked} close={() => setLooking(undefined)} again={(scopes) => setAsking({ scopes })} />
      <Drawer opened={asking !== undefined} onClose={() => setAsking(undefined)} position="right" size="sm" title={<b>Ask for a run</b>}>
        {asking && <AskForm scopes={asking.scopes} close={() => setAsking(undefined)} />}
      </Drawer>
    </>
  );
}

function runColumns(now: number): ColumnDef<PlanRun>[] {
  return [
    { id: 'status', header: 'Status', accessorFn: ({ status }) => status, cell: ({ row }) => <StatusBadge status={row.original.status} /> },
    { id: 'cause', header: 'Cause', accessorFn: ({ cause }) => CAUSE_TITLES[cause] ?? cause },
    {
      id: 'started',
      header: 'Started',
      accessorFn: ({ startedAt, id }) => `${startedAt}/${id.padStart(20, '0')}`,
      cell: ({ row: { original } }) => (
        <time dateTime={original.startedAt} title={new Date(original.startedAt).toLocaleString()}>
          {age(original.startedAt, now)} ago
        </time>
      ),
    },
    {
      id: 'duration',
      header: 'Took',
      meta: { numeric: true },
      accessorFn: ({ durationMs }) => durationMs,
      sortUndefined: 'last',
      cell: ({ row: { original } }) => (original.durationMs === undefined ? '…' : duration(original.durationMs)),
    },
    { id: 'version', header: 'Version', meta: { numeric: true }, accessorFn: ({ version }) => version, sortUndefined: 'last' },
    { id: 'lines', header: 'Lines', meta: { numeric: true }, accessorFn: ({ lines }) => lines, cell: ({ row }) => row.original.lines.toLocaleString() },
    { id: 'conflicts', header: 'Conflicts', meta: { numeric: true, wideOnly: true }, accessorFn: ({ conflicts }) => conflicts },
    {
      id: 'scopes',
      header: 'Scopes',
      accessorFn: ({ scopes }) => scopes?.length,
      sortUndefined: 'last',
      cell: ({ row: { original } }) => <span title={original.scopes?.join(', ')}>{scopesOf(original)}</span>,
    },
    {
      id: 'error',
      header: 'Error',
      meta: { wideOnly: true },
      accessorFn: ({ error }) => error,
      cell: ({ row }) => <span title={row.original.error}>{row.original.error || '–'}</span>,
    },
  ];
}

function scopesOf({ scopes }: PlanRun): string {
  if (scopes === undefined) return 'all';
  return scopes.length === 1 ? (scopes[0] ?? '') : `${scopes.length}`;
}

function StatusBadge({ status }: { status: string }) {
  return (
    <Badge color={COLOURS[status] ?? 'gray'} variant="light" tt="none" fw={600}>
      {status}
    </Badge>
  );
}

interface RunDrawerProps {
  run: PlanRun | undefined;
  close: () => void;
  /** Asks for a run of the same scopes. */
  again: (scopes: PlanRun['scopes']) => void;
}

function RunDrawer({ run, close, again }: RunDrawerProps) {
  return (
    <Drawer opened={run !== undefined} onClose={close} position="right" size={460} title={run && <b>{`Run ${run.id}`}</b>}>
      {run && <RunFacts run={run} again={again} />}
    </Drawer>
  );
}

function RunFacts({ run, again }: { run: PlanRun; again: RunDrawerProps['again'] }) {
  const { act } = mayOf(useCurrentUser().role);
  return (
    <Stack>
      <Group justify="space-between">
        <StatusBadge status={run.status} />
        <Tooltip label="Asks for a run of the same scopes">
          <Button size="compact-sm" variant="default" leftSection={<IconPlayerPlay size={14} />} disabled={!act} onClick={() => again(run.scopes)}>
            Run again
          </Button>
        </Tooltip>
      </Group>
      <dl className="facts">
        <Fact name="Cause">{CAUSE_TITLES[run.cause] ?? run.cause}</Fact>
        {run.slot !== '' && <Fact name="Slot">{formatValue(run.slot, 'timestamptz')}</Fact>}
        <Fact name="Started">{formatValue(run.startedAt, 'timestamptz')}</Fact>
        <Fact name="Took">{run.durationMs === undefined ? '–' : duration(run.durationMs)}</Fact>
        <Fact name="Attempts">{String(run.attempts)}</Fact>
        <Fact name="Version">{run.version === undefined ? '–' : `v${run.version}`}</Fact>
        <Fact name="Version in the lake">{run.lakeVersion === undefined ? '–' : String(run.lakeVersion)}</Fact>
        <Fact name="Lines">{run.lines.toLocaleString()}</Fact>
        <Fact name="Conflicts">{String(run.conflicts)}</Fact>
        <Fact name="Scopes">{run.scopes === undefined ? 'all' : run.scopes.join(', ')}</Fact>
        {run.error !== '' && <Fact name="Error">{run.error}</Fact>}
      </dl>
      <TieOuts run={run} />
    </Stack>
  );
}

function Fact({ name, children }: { name: string; children: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** The proof that nothing was lost or made up: expected and actual sums by scope and measure. */
function TieOuts({ run }: { run: PlanRun }) {
  const tieOuts = useQuery({
    queryKey: ['planning', 'tie-outs', run.id, run.status],
    queryFn: ({ signal }) => readAll('tie_outs', { run_id: `eq.${run.id}`, order: 'ok.asc,scope.asc,measure.asc', limit: '200' }, signal),
  });
  if (!tieOuts.data || tieOuts.data.length === 0) return undefined;
  const wrong = tieOuts.data.filter((row) => row.ok !== true).length;
  return (
    <section aria-label="Tie-out">
      <Group justify="space-between" mb={6}>
        <Text fw={600} size="sm">
          Tie-out
        </Text>
        <Badge tt="none" variant="light" color={wrong === 0 ? 'teal' : 'red'}>
          {wrong === 0 ? 'every sum is exact' : `${wrong} don’t tie out`}
        </Badge>
      </Group>
      <Table fz="xs" verticalSpacing={3}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Scope</Table.Th>
            <Table.Th>Measure</Table.Th>
            <Table.Th ta="right">Expected</Table.Th>
            <Table.Th ta="right">Difference</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{tieOuts.data.map((row) => TieOut(row))}</Table.Tbody>
      </Table>
    </section>
  );
}

function TieOut(row: Row) {
  const shown = (value: unknown): string => showAmount(amountOf(value) ?? 0n);
  return (
    <Table.Tr key={`${asText(row.scope)}|${asText(row.measure)}`} c={row.ok === true ? undefined : 'red'}>
      <Table.Td>{asText(row.scope)}</Table.Td>
      <Table.Td>{asText(row.measure)}</Table.Td>
      <Table.Td ta="right" className="tabular">
        {shown(row.expected)}
      </Table.Td>
      <Table.Td ta="right" className="tabular">
        {shown(row.difference)}
      </Table.Td>
    </Table.Tr>
  );
}

function AskForm({ scopes, close }: { scopes: readonly string[] | undefined; close: () => void }) {
  return (
    <Stack>
      <Text size="sm">{scopes === undefined ? 'Everything is reconciled anew.' : `Reconciled anew: ${scopes.join(', ')}`}</Text>
      <ActForm
        act="Run"
        words="Reason"
        required={false}
        done="Asked for; the run appears in the list"
        send={(reason, intent) => insertRow(SCHEMA, 'run_requests', { scopes: scopes === undefined ? null : [...scopes], reason }, intent)}
        onDone={close}
      />
    </Stack>
  );
}
