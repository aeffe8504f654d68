import { Button, Group, Loader, Text, Tooltip } from '@mantine/core';
import { IconArrowBackUp, IconPlus, IconTrash } from '@tabler/icons-react';
import { useSyncExternalStore } from 'react';
import type { SavedViews } from '#contracts/http/table-views';
import type { TableDescription } from '#contracts/http/tables';
import type { GridColumn } from '../columns/grid-column.ts';
import { ColumnsMenu } from '../view/columns-menu.tsx';
import { FilterBar } from '../view/filter-bar.tsx';
import type { Looked } from '../view/use-table-view.ts';
import { ViewsMenu } from '../view/views-menu.tsx';
import type { Stores } from './use-stores.ts';

interface GridBarProps {
  table: TableDescription;
  all: readonly GridColumn[];
  saved: SavedViews;
  looked: Looked;
  stores: Stores;
  selectedRows: number;
  onAdd: () => void;
  onDelete: () => void;
  /** Goes to a row by its index. */
  onGo: (index: number) => void;
  undo: () => void;
}

/** What is above the grid: filters and views, how many rows there are, and what can be done with them. */
export function GridBar({ table, all, saved, looked, stores, selectedRows, ...acts }: GridBarProps) {
  const { view, change } = looked;
  return (
    <Group className="grid-bar" justify="space-between" mb={6} gap={8}>
      <Group gap={8}>
        <FilterBar columns={all} filters={view.filters} change={(filters) => change({ filters })} />
        {looked.missing && (
          <Text size="sm" c="orange" component="output">
            The view of this link is gone, or not shared with you.
          </Text>
        )}
        <Count stores={stores} />
        <Elsewhere stores={stores} go={acts.onGo} />
      </Group>
      <Group gap={6}>
        {table.may.delete && selectedRows > 0 && (
          <Tooltip label="Delete the selected rows">
            <Button size="compact-sm" variant="default" leftSection={<IconTrash size={14} />} onClick={acts.onDelete}>
              {selectedRows === 1 ? 'Delete' : `Delete ${selectedRows.toLocaleString()}`}
            </Button>
          </Tooltip>
        )}
        {(table.may.insert || table.may.update || table.may.delete) && (
          <Tooltip label="Take back your own last change (Ctrl Z)">
            <Button size="compact-sm" variant="default" leftSection={<IconArrowBackUp size={15} />} onClick={acts.undo}>
              Undo
            </Button>
          </Tooltip>
        )}
        <ViewsMenu table={table} saved={saved} looked={looked} />
        <ColumnsMenu columns={all} view={view} change={change} />
        {table.may.insert && (
          <Button size="compact-sm" leftSection={<IconPlus size={15} />} onClick={acts.onAdd}>
            Add a row
          </Button>
        )}
      </Group>
    </Group>
  );
}

function Count({ stores: { rows } }: { stores: Stores }) {
  const { total, ready, loading, error } = useSyncExternalStore(rows.subscribe, rows.view);
  if (error !== undefined && ready)
    return (
      <Button size="compact-sm" variant="light" color="red" onClick={() => rows.retry()}>
        Rows could not be read: try again
      </Button>
    );
  if (!ready) return <Loader size="xs" aria-label="Loading" />;
  return (
    <Text size="sm" c="dimmed" component="output" aria-label="Rows" className="tabular">
      {total.exact ? '' : 'about '}
      {total.rows.toLocaleString()} {total.rows === 1 ? 'row' : 'rows'}
      {loading ? ' …' : ''}
    </Text>
  );
}

/** Rows of others that the order puts out of sight. */
function Elsewhere({ stores: { live, rows }, go }: { stores: Stores; go: (index: number) => void }) {
  const { elsewhere } = useSyncExternalStore(live.subscribe, live.view);
  const [first] = elsewhere;
  if (!first) return undefined;
  const show = async (): Promise<void> => {
    live.forgetElsewhere();
    go(await rows.source.indexOf(first, AbortSignal.timeout(20_000)));
  };
  return (
    <Button size="compact-sm" variant="light" color="yellow" onClick={() => void show()}>
      {elsewhere.length === 1 ? '1 new row' : `${elsewhere.length} new rows`}
    </Button>
  );
}
