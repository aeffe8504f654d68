import { ActionIcon, Badge, Button, Group, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import { type KeyboardEvent, useState } from 'react';
import type { TableDescription } from '#contracts/http/tables';
import { columnTitle } from '../table-list.ts';
import { rulesInWords, typeInWords } from './edit-words.ts';

type Column = TableDescription['columns'][number];

interface ColumnListProps {
  table: TableDescription;
  may: boolean;
  add: () => void;
  open: (column: Column) => void;
  drop: (column: Column) => void;
  reorder: (names: readonly string[]) => void;
}

/** The columns as the table shows them: to be opened, dropped, and put in another order. */
export function ColumnList({ table, may, add, open, drop, reorder }: ColumnListProps) {
  const names = table.columns.map(({ name }) => name);
  const [order, setOrder] = useState<readonly string[]>(names);
  // What was added or dropped meanwhile finds its place.
  const current = [...order.filter((name) => names.includes(name)), ...names.filter((name) => !order.includes(name))];
  const moved = current.some((name, index) => name !== names[index]);
  const move = (name: string, by: -1 | 1): void => setOrder(shifted(current, name, by));
  return (
    <>
      <ul className="plain columns" aria-label="Columns">
        {current.map((name, index) => {
          const column = table.columns.find((each) => each.name === name) as Column;
          return (
            <ColumnLine
              key={name}
              column={column}
              isKey={table.key.includes(name)}
              may={may}
              open={() => open(column)}
              drop={() => drop(column)}
              up={index === 0 ? undefined : () => move(name, -1)}
              down={index === current.length - 1 ? undefined : () => move(name, 1)}
            />
          );
        })}
      </ul>
      {may && (
        <Group justify="space-between" mt="sm">
          <Button size="xs" leftSection={<IconPlus size={15} />} onClick={add}>
            Add a column
          </Button>
          {moved && (
            <Group gap="xs">
              <Button size="xs" variant="default" onClick={() => setOrder(names)}>
                As it was
              </Button>
              <Button size="xs" onClick={() => reorder(current)}>
                Keep this order
              </Button>
            </Group>
          )}
        </Group>
      )}
    </>
  );
}

function shifted(names: readonly string[], name: string, by: -1 | 1): string[] {
  const from = names.indexOf(name);
  const next = [...names];
  const [taken] = next.splice(from, 1);
  next.splice(Math.max(0, from + by), 0, taken as string);
  return next;
}

interface ColumnLineProps {
  column: Column;
  isKey: boolean;
  may: boolean;
  open: () => void;
  drop: () => void;
  /** Undefined at the end of the list. */
  up: (() => void) | undefined;
  down: (() => void) | undefined;
}

function ColumnLine({ column, isKey, may, open, drop, up, down }: ColumnLineProps) {
  const title = columnTitle(column);
  const keys = (event: KeyboardEvent): void => {
    const act = event.altKey ? { ArrowUp: up, ArrowDown: down }[event.key] : undefined;
    if (!act) return;
    event.preventDefault();
    act();
  };
  return (
    <li className="column-line">
      <UnstyledButton
        onKeyDown={may ? keys : undefined}
        className="column-open"
        onClick={column.system ? undefined : open}
        aria-disabled={column.system}
        aria-label={may ? `Change ${title}` : `Look at ${title}`}
      >
        <Group gap={6}>
          <Text size="sm" fw={600} component="span">
            {title}
          </Text>
          {title !== column.name && (
            <Text size="xs" c="dimmed" component="span" ff="monospace">
              {column.name}
            </Text>
          )}
          <Badge size="sm" variant="light" color="gray" tt="none">
            {typeInWords(column)}
          </Badge>
          {isKey && (
            <Badge size="sm" variant="light" tt="none">
              key
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed" component="span">
          {column.system ? 'kept by the database' : [...rulesInWords(column), column.description ?? ''].filter(Boolean).join(' · ') || 'anything'}
        </Text>
      </UnstyledButton>
      {may && (
        <Group gap={2} wrap="nowrap">
          <Act label={`Move ${title} up`} hint="Move up (Alt ↑)" act={up} icon={<IconArrowUp size={15} />} />
          <Act label={`Move ${title} down`} hint="Move down (Alt ↓)" act={down} icon={<IconArrowDown size={15} />} />
          <Act label={`Drop ${title}`} hint="Drop" act={column.system || isKey ? undefined : drop} icon={<IconTrash size={15} />} />
        </Group>
      )}
    </li>
  );
}

function Act({ label, hint, act, icon }: { label: string; hint: string; act: (() => void) | undefined; icon: React.ReactNode }) {
  return (
    <Tooltip label={hint}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} disabled={!act} onClick={act}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
