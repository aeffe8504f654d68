import { asText } from '../api/as-text.ts';
import { ActionIcon, Button, Drawer, Group, Loader, Stack, Text, TextInput, Title, Tooltip } from '@mantine/core';
import { useDebouncedValue, useDocumentTitle, useHotkeys } from '@mantine/hooks';
import { IconChevronLeft, IconChevronRight, IconFlag, IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ColumnDef, functionalUpdate, type SortingState, type Updater } from '@tanstack/react-table';
import { useMemo, useRef, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import type { FlowDescription } from '#contracts/http/flows';
import { type Row, selectRows } from '../api/rows.ts';
import { StateBadge } from '../cases/badges.tsx';
import type { Case } from '../cases/case.ts';
import { isOpen } from '../cases/machine.ts';
import { tableTitle, columnTitle, useFlow } from '../flows/flows.ts';
import { useLiveCases } from '../live/use-live-cases.ts';
import { abilities, useCurrentUser } from '../session/current-user.ts';
import { ListTable } from '../shell/list-table.tsx';
import { Message, Problem } from '../shell/message.tsx';
import { FlagDialog } from './flag-dialog.tsx';
import { formatValue, isNumeric } from './format-value.ts';
import { PAGE_SIZE, rowsQuery } from './rows-query.ts';
import { SubjectFacts } from './subject-facts.tsx';

/** The first page is asked for again so often, ms: rows have no stream of their own (live-cases.ts). */
const RENEW_MS = 5_000;

/** The rows that cases are about, page by page, to look through and flag. */
export function RowsPage() {
  const flow = useFlow();
  const { role } = useCurrentUser();
  const may = abilities(flow, role);
  const view = useRowsView(flow);
  const [flagging, setFlagging] = useState<Row>();
  const [looking, setLooking] = useState<Row>();
  const cases = useOpenCases(flow);
  const columns = useMemo(() => rowColumns(flow, cases, may.flag ? setFlagging : undefined), [flow, cases, may.flag]);
  const rows = useRows(flow, view);
  const title = tableTitle(flow);
  useDocumentTitle(`${title} · ${flow.title}`);
  const flag = (row: Row): void => (cases.has(keyOf(flow, row)) ? setLooking(row) : setFlagging(row));
  if (rows.isError) return <Problem error={rows.error} retry={() => void rows.refetch()} />;
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Title order={1} size="h3">
          {title}
        </Title>
        <Search title={title} value={view.search} set={view.setSearch} />
      </Group>
      <ListTable
        label={title}
        data={rows.data?.rows ?? []}
        columns={columns}
        rowId={(row) => keyOf(flow, row)}
        sorting={view.sorting}
        onSorting={view.setSorting}
        manualSorting
        onOpen={setLooking}
        {...(may.flag ? { onFlag: flag } : {})}
        empty={<Empty pending={rows.isPending} searched={view.search !== ''} />}
      />
      <Pager page={view.page} total={rows.data?.total} shown={rows.data?.rows.length ?? 0} go={view.setPage} />
      <RowDrawer
        row={looking}
        open={looking && cases.get(keyOf(flow, looking))}
        close={() => setLooking(undefined)}
        {...(may.flag ? { flag: setFlagging } : {})}
      />
      <FlagDialog subject={flagging} close={() => setFlagging(undefined)} />
    </>
  );
}

/** Another search or order begins at its first page. */
function useRowsView(flow: FlowDescription) {
  const [view, setView] = useState({ search: '', page: 0, sorting: [{ id: flow.subject.key.column, desc: true }] as SortingState });
  return {
    ...view,
    setSearch: (search: string) => setView((before) => ({ ...before, search, page: 0 })),
    setPage: (page: number) => setView((before) => ({ ...before, page })),
    setSorting: (change: Updater<SortingState>) => setView((before) => ({ ...before, sorting: functionalUpdate(change, before.sorting), page: 0 })),
  };
}

function Empty({ pending, searched }: { pending: boolean; searched: boolean }) {
  if (!pending) return <Message title="No rows">{searched ? 'Nothing matches the search.' : 'There is nothing here that you may read.'}</Message>;
  return (
    <Message title="Loading …">
      <Loader size="sm" aria-label="Loading" />
    </Message>
  );
}

function useRows(flow: FlowDescription, { search, page, sorting }: { search: string; page: number; sorting: SortingState }) {
  const [settled] = useDebouncedValue(search, 250);
  const first = sorting[0];
  const sort = { column: first?.id ?? flow.subject.key.column, descending: first?.desc ?? true };
  return useQuery({
    queryKey: ['rows', flow.name, page, sort, settled],
    queryFn: ({ signal }) => selectRows(flow.schema, flow.subject.table, rowsQuery(flow, { page, sort, search: settled }), { count: 'exact', signal }),
    placeholderData: keepPreviousData,
    ...(page === 0 ? { refetchInterval: RENEW_MS } : {}),
  });
}

/** Subject key → its open case: live, so a row that someone else flags shows it at once. */
function useOpenCases(flow: FlowDescription): ReadonlyMap<string, Case> {
  const { entries } = useLiveCases();
  return useMemo(
    () => new Map(entries.filter((entry) => isOpen(flow, entry.case.state)).map((entry) => [String(entry.case.subjectKey), entry.case])),
    [entries, flow],
  );
}

function rowColumns(flow: FlowDescription, cases: ReadonlyMap<string, Case>, flag: ((row: Row) => void) | undefined): ColumnDef<Row>[] {
  const caseColumn: ColumnDef<Row> = {
    id: 'case',
    header: 'Case',
    enableSorting: false,
    cell: ({ row: { original } }) => <CaseCell flow={flow} row={original} open={cases.get(keyOf(flow, original))} flag={flag} />,
  };
  return [caseColumn, ...flow.subject.columns.map(({ name, type }) => subjectColumn(flow, name, type))];
}

function subjectColumn(flow: FlowDescription, name: string, type: string): ColumnDef<Row> {
  return {
    id: name,
    header: columnTitle(flow, name),
    accessorFn: (row) => row[name],
    meta: { numeric: isNumeric(type) },
    cell: ({ row }) => <span title={formatValue(row.original[name], type)}>{formatValue(row.original[name], type)}</span>,
  };
}

function CaseCell({ flow, row, open, flag }: { flow: FlowDescription; row: Row; open: Case | undefined; flag: ((row: Row) => void) | undefined }) {
  if (open)
    return (
      <Link to={`/${flow.name}/cases/${open.id}`} aria-label={`Open case of ${keyOf(flow, row)}, ${open.state}`}>
        <StateBadge state={open.state} />
      </Link>
    );
  if (!flag) return undefined;
  return (
    <Tooltip label="Flag this row (F)">
      <ActionIcon variant="subtle" color="gray" aria-label={`Flag ${keyOf(flow, row)}`} onClick={() => flag(row)}>
        <IconFlag size={17} />
      </ActionIcon>
    </Tooltip>
  );
}

function Search({ title, value, set }: { title: string; value: string; set: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useHotkeys([['/', () => input.current?.focus()]]);
  return (
    <TextInput
      ref={input}
      type="search"
      aria-label={`Search ${title.toLowerCase()}`}
      placeholder="Search  ( / )"
      w={300}
      leftSection={<IconSearch size={16} />}
      value={value}
      onChange={(event) => set(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
    />
  );
}

function Pager({ page, total, shown, go }: { page: number; total: number | undefined; shown: number; go: (page: number) => void }) {
  const from = page * PAGE_SIZE;
  const last = total === undefined ? shown < PAGE_SIZE : from + shown >= total;
  return (
    <Group justify="space-between" mt="xs">
      <Text size="sm" c="dimmed" aria-live="polite">
        {shown === 0 ? '' : `${(from + 1).toLocaleString()}–${(from + shown).toLocaleString()}`}
        {total === undefined || shown === 0 ? '' : ` of ${total.toLocaleString()}`}
      </Text>
      <Group gap={4}>
        <ActionIcon variant="default" aria-label="Previous page" disabled={page === 0} onClick={() => go(page - 1)}>
          <IconChevronLeft size={17} />
        </ActionIcon>
        <ActionIcon variant="default" aria-label="Next page" disabled={last} onClick={() => go(page + 1)}>
          <IconChevronRight size={17} />
        </ActionIcon>
      </Group>
    </Group>
  );
}

function RowDrawer({ row, open, close, flag }: { row: Row | undefined; open: Case | undefined; close: () => void; flag?: (row: Row) => void }) {
  const flow = useFlow();
  const navigate = useNavigate();
  return (
    <Drawer opened={row !== undefined} onClose={close} position="right" size="md" title={row && `${tableTitle(flow)} · ${keyOf(flow, row)}`}>
      {row && (
        <Stack>
          <SubjectFacts subject={row} />
          {open && (
            <Button variant="light" onClick={() => void navigate(`/${flow.name}/cases/${open.id}`)}>
              Open the case ({open.state})
            </Button>
          )}
          {!open && flag && (
            <Button leftSection={<IconFlag size={17} />} onClick={() => (close(), flag(row))}>
              Flag this row
            </Button>
          )}
        </Stack>
      )}
    </Drawer>
  );
}

function keyOf(flow: FlowDescription, row: Row): string {
  return asText(row[flow.subject.key.column]);
}
