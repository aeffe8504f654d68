import { Anchor, Badge, Center, Group, Loader, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useEffect, useEffectEvent, useMemo, useState } from 'react';
import { Link, useParams } from 'react-router';
import type { SavedViews } from '#contracts/http/table-views';
import type { TableDescription } from '#contracts/http/tables';
import { ApiError } from '../api/api-error.ts';
import { Message, Problem } from '../shell/message.tsx';
import { TABLES } from '../shell/rooms.ts';
import { titleOf, useForgetTables, useTable } from './table-list.ts';
import { RowsPanel } from './rows-panel.tsx';
import { useEditWatch } from './schema/edit-in-steps.ts';
import type { TableToolProps } from './table-tool.ts';
import { TABLE_TOOLS } from './table-tools.ts';
import { ToolButtons, usePanel } from './tool-buttons.tsx';
import { viewQuery } from './view/filter-query.ts';
import { useCurrentUser } from '../session/current-user.ts';
import { NO_VIEWS, useSavedViews } from './view/saved-views.ts';
import { useShownTable } from './use-shown-table.ts';
import { renamedView, viewText } from './view/table-view.ts';
import { useTableView } from './view/use-table-view.ts';

/** One table: its grid, and the panels that hang on it. */
export function TablePage() {
  const { schema = '', table: name = '' } = useParams();
  const table = useTable(schema, name);
  const { subject } = useCurrentUser();
  const saved = useSavedViews({ schema, name }, subject);
  // A view decides which rows are read first; if it can't be told, all of them.
  if (table.isPending || (saved.isPending && !table.isError))
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
  return <Opened key={`${schema}.${name}`} table={table.data} saved={saved.data ?? NO_VIEWS} />;
}

function Opened({ table: latest, saved }: { table: TableDescription; saved: SavedViews }) {
  const { table, renamed } = useShownTable(latest);
  const forget = useForgetTables();
  const { panel, open, close } = usePanel();
  const [epoch, setEpoch] = useState(0);
  const [rowKey, setRowKey] = useState<TableToolProps['rowKey']>();
  const looked = useTableView(saved);
  const { view, change } = looked;
  const follow = useEffectEvent((names: ReadonlyMap<string, string>) => {
    const next = renamedView(view, names);
    if (viewText(next) !== viewText(view)) change(next);
  });
  useEffect(() => follow(renamed), [renamed]);
  const query = useMemo(() => viewQuery(table, view), [table, view]);
  useDocumentTitle(`${titleOf(table)} · Tables`);
  const refresh = (): void => setEpoch((before) => before + 1);
  useEditWatch(table, refresh);
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
      <Rows {...{ table, renamed, saved, looked }} epoch={epoch} onRow={setRowKey} onEdited={() => void forget()} />
      {tool && <tool.Panel table={table} rowKey={rowKey} query={query} close={close} refresh={refresh} />}
    </>
  );
}

/** The grid, or why there is none. */
function Rows(props: Parameters<typeof RowsPanel>[0]) {
  const { may, key, columns, archived } = props.table;
  if (archived) return <Message title="In the archive">Its rows, grants and history are kept. Restore the table to see and change its rows.</Message>;
  if (!may.select)
    return <Message title="Its rows are not for you">You may edit how this table is built, and not read its rows. Whoever made it can grant that.</Message>;
  if (key.length === 0 || key.some((name) => !columns.some((column) => column.name === name)))
    return <Message title="No key to tell its rows apart">A grid needs a primary key whose columns you may read.</Message>;
  return <RowsPanel {...props} />;
}
