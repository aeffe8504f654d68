import { Badge, Group, Loader, Table, Text, TextInput, Title } from '@mantine/core';
import { useDocumentTitle, useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useMemo, useRef, useState } from 'react';
import { Link } from 'react-router';
import type { TableDescription } from '#contracts/http/tables';
import { Message, Problem } from '../shell/message.tsx';
import { pathOf, titleOf, useTables } from './table-list.ts';
import { LIST_TOOLS } from './table-tools.ts';
import { ToolButtons, usePanel } from './tool-buttons.tsx';

/** All tables that the person may read or edit, to be found by name and opened. */
export function TablesPage() {
  const tables = useTables();
  const [search, setSearch] = useState('');
  const { panel, open, close } = usePanel();
  useDocumentTitle('Tables');
  const found = useMemo(() => matching(tables.data ?? [], search), [tables.data, search]);
  if (tables.isError) return <Problem error={tables.error} retry={() => void tables.refetch()} />;
  const tool = LIST_TOOLS.find(({ name }) => name === panel);
  return (
    <>
      <Group justify="space-between" mb="sm" gap="sm">
        <Title order={1} size="h3">
          Tables
        </Title>
        <Group gap="xs">
          <Search value={search} set={setSearch} />
          <ToolButtons tools={LIST_TOOLS} open={open} />
        </Group>
      </Group>
      {tables.isPending ? (
        <Message title="Loading …">
          <Loader size="sm" aria-label="Loading" />
        </Message>
      ) : (
        <List tables={found} searched={search !== ''} />
      )}
      {tool && <tool.Panel tables={tables.data ?? []} close={close} />}
    </>
  );
}

function List({ tables, searched }: { tables: readonly TableDescription[]; searched: boolean }) {
  if (tables.length === 0)
    return (
      <section className="panel">
        <Message title={searched ? 'No such table' : 'No tables yet'}>
          {searched ? 'No table that you may read has a name like that.' : 'There is no table that you may read. Whoever may create in a schema can make one.'}
        </Message>
      </section>
    );
  return (
    <section className="panel tables-list">
      <Table fz="sm" verticalSpacing={9} highlightOnHover aria-label="Tables">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Table</Table.Th>
            <Table.Th className="wide-only">Schema</Table.Th>
            <Table.Th ta="right">Rows, about</Table.Th>
            <Table.Th ta="right" className="wide-only">
              Columns
            </Table.Th>
            <Table.Th>You may</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tables.map((table) => (
            <Line key={`${table.schema}.${table.name}`} table={table} />
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

function Line({ table }: { table: TableDescription }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Link to={pathOf(table)} className="table-link">
          {titleOf(table)}
        </Link>
        {table.archived && (
          <Badge ml={8} size="sm" variant="light" color="gray" tt="none">
            archived
          </Badge>
        )}
        <Text size="xs" c="dimmed" className="cut" maw={560}>
          {table.description ?? `${table.schema}.${table.name}`}
        </Text>
      </Table.Td>
      <Table.Td className="wide-only" c="dimmed">
        {table.schema}
      </Table.Td>
      <Table.Td ta="right" className="tabular">
        {table.rows === null ? '–' : table.rows.toLocaleString()}
      </Table.Td>
      <Table.Td ta="right" className="wide-only tabular">
        {table.columns.length}
      </Table.Td>
      <Table.Td c="dimmed">{mayInWords(table.may)}</Table.Td>
    </Table.Tr>
  );
}

function mayInWords(may: TableDescription['may']): string {
  const words = [may.insert ? 'add' : '', may.update ? 'change' : '', may.delete ? 'delete' : '', may.edit ? 'design' : ''].filter(Boolean);
  return words.length === 0 ? 'read' : words.join(', ');
}

function Search({ value, set }: { value: string; set: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useHotkeys([['/', () => input.current?.focus()]]);
  return (
    <TextInput
      ref={input}
      type="search"
      aria-label="Search tables"
      placeholder="Search  ( / )"
      w={240}
      size="xs"
      leftSection={<IconSearch size={15} />}
      value={value}
      onChange={(event) => set(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
    />
  );
}

function matching(tables: readonly TableDescription[], search: string): TableDescription[] {
  const wanted = search.trim().toLowerCase();
  return tables.filter((table) => `${table.schema}.${table.name} ${table.label ?? ''} ${table.description ?? ''}`.toLowerCase().includes(wanted));
}
