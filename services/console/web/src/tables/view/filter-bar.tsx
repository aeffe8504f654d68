import { ActionIcon, Button, Group, Popover } from '@mantine/core';
import { IconFilter, IconPlus, IconX } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import type { GridColumn } from '../columns/grid-column.ts';
import { FilterForm } from './filter-form.tsx';
import { filterWords } from './filter-words.ts';
import type { Filter } from './table-view.ts';

interface FilterBarProps {
  columns: readonly GridColumn[];
  filters: readonly Filter[];
  change: (filters: readonly Filter[]) => void;
}

/** The conditions of a view as chips, and a form for one more. */
export function FilterBar({ columns, filters, change }: FilterBarProps) {
  const [open, setOpen] = useState<number>();
  const close = (): void => setOpen(undefined);
  const put = (at: number) => (filter: Filter) => {
    change(at === filters.length ? [...filters, filter] : filters.map((each, index) => (index === at ? filter : each)));
    close();
  };
  return (
    <Group gap={6} component="section" aria-label="Filters">
      {filters.map((filter, at) => (
        <FilterPopover key={`${at}/${filter.column}`} opened={open === at} close={close} columns={columns} filter={filter} put={put(at)}>
          <span className="filter-chip">
            <button type="button" onClick={() => setOpen(at)}>
              {filterWords(filter, columns)}
            </button>
            <ActionIcon
              size="xs"
              variant="subtle"
              color="gray"
              aria-label={`Remove the filter ${filterWords(filter, columns)}`}
              onClick={() => change(filters.filter((each) => each !== filter))}
            >
              <IconX size={12} />
            </ActionIcon>
          </span>
        </FilterPopover>
      ))}
      <FilterPopover opened={open === filters.length} close={close} columns={columns} filter={undefined} put={put(filters.length)}>
        <Button
          size="compact-sm"
          variant={filters.length === 0 ? 'default' : 'subtle'}
          leftSection={filters.length === 0 ? <IconFilter size={14} /> : <IconPlus size={14} />}
          onClick={() => setOpen(open === undefined ? filters.length : undefined)}
        >
          Filter
        </Button>
      </FilterPopover>
    </Group>
  );
}

interface FilterPopoverProps {
  opened: boolean;
  close: () => void;
  columns: readonly GridColumn[];
  filter: Filter | undefined;
  put: (filter: Filter) => void;
  children: ReactNode;
}

function FilterPopover({ opened, close, columns, filter, put, children }: FilterPopoverProps) {
  return (
    <Popover opened={opened} onChange={(next) => (next ? undefined : close())} position="bottom-start" width={300} shadow="md" trapFocus>
      <Popover.Target>{children}</Popover.Target>
      <Popover.Dropdown aria-label="Filter">{opened && <FilterForm columns={columns} filter={filter} put={put} />}</Popover.Dropdown>
    </Popover>
  );
}
