import { Alert, Badge, Group, Loader, Select, Tabs, TextInput, Title } from '@mantine/core';
import { useDocumentTitle, useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import type { SortingState } from '@tanstack/react-table';
import { useDeferredValue, useMemo, useRef, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { useFlow } from '../flows/flows.ts';
import { useLiveCases } from '../live/use-live-cases.ts';
import { useNow } from '../live/use-now.ts';
import { useCurrentUser } from '../session/current-user.ts';
import { ListTable } from '../shell/list-table.tsx';
import { Message } from '../shell/message.tsx';
import { queueColumns } from './queue-columns.tsx';
import { countTabs, inTab, matches, type QueueEntry, type Tab, TAB_TITLES, TABS } from './queue-view.ts';

const FRESH_MS = 4_000;
const NEWEST_FIRST: SortingState = [{ id: 'age', desc: false }];

/** The cases of a flow, live: by tab, searched, filtered, sorted. */
export function QueuePage() {
  const flow = useFlow();
  const user = useCurrentUser();
  const live = useLiveCases();
  const now = useNow();
  const navigate = useNavigate();
  const view = useQueueParameters();
  const search = useDeferredValue(view.search);
  const [sorting, setSorting] = useState<SortingState>(NEWEST_FIRST);
  useDocumentTitle(`Cases · ${flow.title}`);
  const counts = useMemo(() => countTabs(live.entries, { flow, subject: user.subject }), [live.entries, flow, user.subject]);
  const shown = useMemo(
    () =>
      live.entries.filter(
        (entry) =>
          inTab(entry, view.tab, { flow, subject: user.subject }) &&
          (view.label === '' || entry.recommendation?.class === view.label) &&
          matches(entry, search),
      ),
    [live.entries, view.tab, view.label, search, flow, user.subject],
  );
  const columns = useMemo(() => queueColumns(flow, now), [flow, now]);
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Title order={1} size="h3">
          {flow.title}
        </Title>
        <QueueFilters view={view} />
      </Group>
      <QueueTabs view={view} counts={counts} />
      {live.problem && live.connection !== 'refused' && live.connection !== 'reconnecting' && (
        <Alert color="orange" mb="sm" title="Some of it could not be loaded">
          {live.problem}
        </Alert>
      )}
      <ListTable
        label="Cases"
        data={shown}
        columns={columns}
        rowId={(entry) => entry.case.id}
        sorting={sorting}
        onSorting={setSorting}
        isFresh={(entry) => Date.now() - (live.changedAt.get(entry.case.id) ?? 0) < FRESH_MS}
        onOpen={(entry: QueueEntry) => void navigate(`/${flow.name}/cases/${entry.case.id}`)}
        empty={<EmptyQueue ready={live.ready} refused={live.connection === 'refused'} filtered={view.search !== '' || view.label !== ''} tab={view.tab} />}
      />
    </>
  );
}

interface QueueParameters {
  tab: Tab;
  search: string;
  label: string;
  set: (change: Partial<Record<'tab' | 'search' | 'label', string>>) => void;
}

/** Kept in the address, so that going back finds the list as it was. */
function useQueueParameters(): QueueParameters {
  const [parameters, setParameters] = useSearchParams();
  const tab = TABS.find((candidate) => candidate === parameters.get('tab')) ?? 'open';
  const set: QueueParameters['set'] = (change) =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(change)) {
          if (value === '') after.delete(name);
          else after.set(name, value);
        }
        return after;
      },
      { replace: true },
    );
  return { tab, search: parameters.get('search') ?? '', label: parameters.get('label') ?? '', set };
}

function QueueFilters({ view }: { view: QueueParameters }) {
  const flow = useFlow();
  const input = useRef<HTMLInputElement>(null);
  useHotkeys([['/', () => input.current?.focus()]]);
  return (
    <Group gap="xs">
      <Select
        aria-label="Recommended class"
        placeholder="Any class"
        clearable
        w={190}
        value={view.label || null}
        data={flow.labels.map((label) => ({ value: label.class, label: label.title }))}
        onChange={(label) => view.set({ label: label ?? '' })}
      />
      <TextInput
        ref={input}
        type="search"
        aria-label="Search cases"
        placeholder="Search  ( / )"
        w={260}
        leftSection={<IconSearch size={16} />}
        value={view.search}
        onChange={(event) => view.set({ search: event.currentTarget.value })}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
    </Group>
  );
}

function QueueTabs({ view, counts }: { view: QueueParameters; counts: Record<Tab, number> }) {
  return (
    <Tabs value={view.tab} onChange={(tab) => view.set({ tab: tab ?? 'open' })} mb="sm" aria-label="Which cases">
      <Tabs.List>
        {TABS.map((tab) => (
          <Tabs.Tab
            key={tab}
            value={tab}
            rightSection={
              <Badge size="sm" variant={view.tab === tab ? 'filled' : 'light'} color={view.tab === tab ? undefined : 'gray'} miw={26}>
                {counts[tab]}
              </Badge>
            }
          >
            {TAB_TITLES[tab]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
    </Tabs>
  );
}

function EmptyQueue({ ready, refused, filtered, tab }: { ready: boolean; refused: boolean; filtered: boolean; tab: Tab }) {
  const flow = useFlow();
  if (refused) return <Message title="No access to these cases">Your role can’t read them, or your session has ended.</Message>;
  if (!ready)
    return (
      <Message title="Loading cases …">
        <Loader aria-label="Loading" size="sm" mt="sm" />
      </Message>
    );
  if (filtered) return <Message title="Nothing matches">No case here matches the search and filter.</Message>;
  if (tab === 'open') return <Message title="All done">No case is open. Flag a row in {flow.subject.table.replaceAll('_', ' ')} to begin one.</Message>;
  return <Message title="No cases here yet">Cases appear here by themselves.</Message>;
}
