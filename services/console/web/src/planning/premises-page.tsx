import { Button, Group, Loader, SegmentedControl, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import type { ColumnDef, SortingState } from '@tanstack/react-table';
import { useMemo, useState } from 'react';
import { Navigate, useNavigate, useParams } from 'react-router';
import { asText } from '../api/as-text.ts';
import { LiveTable } from '../live/live-table.ts';
import { useNow } from '../live/use-now.ts';
import { useCurrentUser } from '../session/current-user.ts';
import { ListTable } from '../shell/list-table.tsx';
import { Message } from '../shell/message.tsx';
import { age } from '../subjects/format-value.ts';
import { SCHEMA, usePageTable, usePlanning } from './planning-data.ts';
import { mayOf } from './planning-roles.ts';
import { PremiseDrawer } from './premise-drawer.tsx';
import { type PremiseKind, PREMISES, shownOf, type Values, valuesOf } from './premises.ts';
import type { Reference } from './reference.ts';

/** What the plan is made by, beside the teams' entries: a table for each kind, edited by those whom the policy lets. */
export function PremisesPage() {
  const { table } = useParams();
  const navigate = useNavigate();
  const kind = PREMISES.find((each) => each.table === table);
  useDocumentTitle('Premises · Planning');
  if (!kind) return <Navigate to="/planning/premises/assumptions" replace />;
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={1} size="h3">
          Premises
        </Title>
        <SegmentedControl
          aria-label="Which premises"
          value={kind.table}
          onChange={(next) => void navigate(`/planning/premises/${next}`)}
          data={PREMISES.map(({ table: value, title }) => ({ value, label: title }))}
        />
      </Group>
      <Text size="sm" c="dimmed">
        {kind.about}
      </Text>
      <Premises key={kind.table} kind={kind} />
    </Stack>
  );
}

interface Premise {
  key: string;
  values: Values;
  author: string;
  updatedAt: string;
}

function usePremises(kind: PremiseKind) {
  const table = useMemo(
    () =>
      new LiveTable<Premise>({
        schema: SCHEMA,
        table: kind.table,
        keyOf: ({ key }) => key,
        read: (row) => ({
          key: kind.key.map((name) => asText(row[name])).join('|'),
          values: valuesOf(kind, row),
          author: asText(row.author),
          updatedAt: asText(row.updated_at),
        }),
      }),
    [kind],
  );
  return usePageTable(table);
}

function Premises({ kind }: { kind: PremiseKind }) {
  const live = usePremises(kind);
  const { reference } = usePlanning();
  const may = mayOf(useCurrentUser().role).state.includes(kind.table);
  const now = useNow();
  const [sorting, setSorting] = useState<SortingState>([]);
  const [search, setSearch] = useState('');
  const [opened, setOpened] = useState<Values | 'new'>();
  const columns = useMemo(() => columnsOf(kind, reference, now), [kind, reference, now]);
  const all = useMemo(() => [...live.rows.values()].toSorted((a, b) => a.key.localeCompare(b.key)), [live.rows]);
  return (
    <>
      <Toolbar kind={kind} search={search} setSearch={setSearch} add={may ? () => setOpened('new') : undefined} />
      <ListTable
        label={kind.title}
        data={found(all, search, kind, reference)}
        columns={columns}
        rowId={({ key }) => key}
        sorting={sorting}
        onSorting={setSorting}
        onOpen={({ values }) => setOpened(values)}
        empty={
          live.ready ? (
            <Message title={search.trim() === '' ? 'None' : 'None like that'}>
              {may ? 'Those you add appear here and for everybody.' : 'Nobody stated one.'}
            </Message>
          ) : (
            <Message title="Loading …">
              <Loader aria-label="Loading" size="sm" mt="sm" />
            </Message>
          )
        }
      />
      <PremiseDrawer kind={kind} may={may} opened={opened} close={() => setOpened(undefined)} />
    </>
  );
}

/** Those that have every word somewhere, as they are shown. */
function found(all: Premise[], search: string, { fields }: PremiseKind, reference: Reference): Premise[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter(({ values }) => {
    const text = fields
      .map((field) => shownOf(field, reference, values[field.name] ?? ''))
      .join(' ')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

interface ToolbarProps {
  kind: PremiseKind;
  search: string;
  setSearch: (search: string) => void;
  /** Undefined for those who may not. */
  add: (() => void) | undefined;
}

function Toolbar({ kind, search, setSearch, add }: ToolbarProps) {
  return (
    <Group justify="space-between" className="toolbar">
      <TextInput
        size="xs"
        w={260}
        aria-label={`Search in ${kind.title.toLowerCase()}`}
        placeholder="Search"
        leftSection={<IconSearch size={14} />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      {add && (
        <Button size="xs" leftSection={<IconPlus size={15} />} onClick={add}>
          Add {article(kind.one)}
        </Button>
      )}
    </Group>
  );
}

function article(one: string): string {
  return `${/^[aeiou]/.test(one) ? 'an' : 'a'} ${one}`;
}

function columnsOf(kind: PremiseKind, reference: Reference, now: number): ColumnDef<Premise>[] {
  const columns = kind.fields.map((field, index): ColumnDef<Premise> => ({
    id: field.name,
    header: field.label,
    ...(field.name === 'amount' ? { meta: { numeric: true } } : {}),
    accessorFn: ({ values }) => shownOf(field, reference, values[field.name] ?? ''),
    cell: ({ row: { original } }) => {
      const text = shownOf(field, reference, original.values[field.name] ?? '') || '–';
      return index === 0 ? <b>{text}</b> : <span title={text}>{text}</span>;
    },
  }));
  if (!kind.signed) return columns;
  return [
    ...columns,
    {
      id: 'author',
      header: 'Stated by',
      meta: { wideOnly: true },
      accessorFn: ({ author }) => author,
      cell: ({ row: { original } }) => (
        <span title={original.updatedAt}>
          {original.author || '–'}
          {original.updatedAt === '' ? '' : `, ${age(original.updatedAt, now)} ago`}
        </span>
      ),
    },
  ];
}
