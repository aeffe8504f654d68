import { ActionIcon, Button, Checkbox, Group, Popover, ScrollArea, Stack } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconColumns3 } from '@tabler/icons-react';
import type { GridColumn } from '../columns/grid-column.ts';
import type { TableView } from './table-view.ts';
import { shownColumns } from './use-table-view.ts';

/** Which columns are shown, and in which order. */
export function ColumnsMenu({ columns, view, change }: { columns: readonly GridColumn[]; view: TableView; change: (change: Partial<TableView>) => void }) {
  const ordered = shownColumns(columns, { ...view, hidden: [] });
  const move = (at: number, by: number): void => {
    const names = ordered.map(({ name }) => name);
    const [name] = names.splice(at, 1);
    if (name !== undefined) names.splice(at + by, 0, name);
    change({ order: names });
  };
  const show = (name: string, shown: boolean): void => change({ hidden: shown ? view.hidden.filter((each) => each !== name) : [...view.hidden, name] });
  const hidden = ordered.filter(({ name }) => view.hidden.includes(name)).length;
  return (
    <Popover position="bottom-end" width={280} shadow="md" trapFocus>
      <Popover.Target>
        <Button size="compact-sm" variant="default" leftSection={<IconColumns3 size={15} />}>
          {hidden === 0 ? 'Columns' : `Columns (${hidden} hidden)`}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Columns">
        <ScrollArea.Autosize mah={360} type="auto">
          <Stack gap={2}>
            {ordered.map(({ name, title }, at) => (
              <ColumnLine
                key={name}
                title={title}
                shown={!view.hidden.includes(name)}
                // The last column that is shown stays.
                last={!view.hidden.includes(name) && hidden === ordered.length - 1}
                show={(shown) => show(name, shown)}
                left={at === 0 ? undefined : () => move(at, -1)}
                right={at === ordered.length - 1 ? undefined : () => move(at, 1)}
              />
            ))}
          </Stack>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}

interface ColumnLineProps {
  title: string;
  shown: boolean;
  last: boolean;
  show: (shown: boolean) => void;
  left: (() => void) | undefined;
  right: (() => void) | undefined;
}

function ColumnLine({ title, shown, last, show, left, right }: ColumnLineProps) {
  return (
    <Group justify="space-between" wrap="nowrap" gap={4}>
      <Checkbox size="xs" label={title} checked={shown} disabled={last} onChange={(event) => show(event.currentTarget.checked)} />
      <Group gap={0} wrap="nowrap">
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Move ${title} left`} disabled={!left} onClick={left}>
          <IconChevronUp size={14} />
        </ActionIcon>
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Move ${title} right`} disabled={!right} onClick={right}>
          <IconChevronDown size={14} />
        </ActionIcon>
      </Group>
    </Group>
  );
}
