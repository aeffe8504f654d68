import { Anchor, Badge, Center, Group, Loader, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import type { TableDescription } from '#contracts/http/tables';
import { ApiError } from '../api/api-error.ts';
import { Message, Problem } from '../shell/message.tsx';
import { TABLES } from '../shell/rooms.ts';
import { titleOf, useTable } from './table-list.ts';
import { TABLE_TOOLS } from './table-tools.ts';
import { ToolButtons, usePanel } from './tool-buttons.tsx';

const EVERYTHING = new URLSearchParams();

/** One table: its grid, and the panels that hang on it. */
export function TablePage() {
  const { schema = '', table: name = '' } = useParams();
  const table = useTable(schema, name);
  if (table.isPending)
    return (
      <Center h={320}>
        <Loader aria-label="Loading" />
      </Center>
    );
  if (table.error instanceof ApiError && table.error.status === 404)
    return (
      <Message
        title="No such table"
        action={
          <Anchor component={Link} to={TABLES.home}>
            All tables
          </Anchor>
        }
      >
        There is no table {schema}.{name} that you may read.
      </Message>
    );
  if (table.isError) return <Problem error={table.error} retry={() => void table.refetch()} />;
  return <Opened key={`${schema}.${name}`} table={table.data} />;
}

function Opened({ table }: { table: TableDescription }) {
  const { panel, open, close } = usePanel();
  const [epoch, setEpoch] = useState(0);
  useDocumentTitle(`${titleOf(table)} · Tables`);
  const tools = TABLE_TOOLS.filter(({ shown }) => shown?.(table) ?? true);
  const tool = tools.find(({ name }) => name === panel);
  return (
    <>
      <Group justify="space-between" mb="xs" gap="xs">
        <Group gap="xs" align="baseline">
          <Title order={1} size="h3">
            {titleOf(table)}
          </Title>
          <Text size="sm" c="dimmed">
            {table.schema}.{table.name}
          </Text>
          {table.archived && (
            <Badge variant="light" color="gray" tt="none">
              archived
            </Badge>
          )}
        </Group>
        <Group gap={6} role="toolbar" aria-label="Tools of the table">
          <ToolButtons tools={tools} open={open} />
        </Group>
      </Group>
      <section className="panel" aria-label={`Rows, read ${epoch + 1} times`} />
      {tool && <tool.Panel table={table} rowKey={undefined} query={EVERYTHING} close={close} refresh={() => setEpoch((before) => before + 1)} />}
    </>
  );
}
