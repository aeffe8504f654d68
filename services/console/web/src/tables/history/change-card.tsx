import { ActionIcon, Checkbox, Collapse, Group, Menu, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowBackUp, IconChevronRight, IconDots, IconHistory, IconPencil, IconPlus, IconRestore, IconTrash } from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { RowChange } from '#contracts/http/history';
import type { TableDescription } from '#contracts/http/tables';
import { formatValue } from '../../subjects/format-value.ts';
import { deedOf, diffOf, keyInWords, whoOf } from './change-words.ts';
import { DiffTable } from './diff-table.tsx';
import { Ago } from './ago.tsx';

export interface ChangeActs {
  undo: (change: RowChange) => void;
  undoRequest: (change: RowChange) => void;
  /** Undefined where a whole table is looked at. */
  restore: ((change: RowChange) => void) | undefined;
  /** Undefined where one row is looked at. */
  openRow: ((change: RowChange) => void) | undefined;
}

interface ChangeCardProps {
  table: TableDescription;
  change: RowChange;
  acts: ChangeActs;
  now: number;
  /** Whether the values are shown from the beginning. */
  opened: boolean;
  /** Undefined where versions can't be compared. */
  compare?: { chosen: boolean; toggle: () => void };
}

const ICONS: Readonly<Record<RowChange['operation'], ComponentType<{ size?: number | string }>>> = {
  insert: IconPlus,
  update: IconPencil,
  delete: IconTrash,
  truncate: IconTrash,
};

/** One change: who, when, why, and by column what it did; with what can be done about it. */
export function ChangeCard({ table, change, acts, now, opened, compare }: ChangeCardProps) {
  const [open, { toggle }] = useDisclosure(opened);
  const deed = deedOf(change, table);
  const diff = diffOf(change, table);
  const Icon = ICONS[change.operation];
  return (
    <li className={`happening ${change.operation}`} aria-label={`${whoOf(change)} ${deed}`}>
      <span className="bullet" aria-hidden>
        <Icon size={13} />
      </span>
      <Group justify="space-between" wrap="nowrap" gap="xs" align="flex-start">
        <UnstyledButton className="happening-head" onClick={toggle} aria-expanded={open} disabled={diff.length === 0}>
          <Text size="sm" component="span">
            <b>{whoOf(change)}</b> {deed}
            {acts.openRow && change.key !== null && <span className="dimmed"> · {keyInWords(change.key)}</span>}
          </Text>
          {diff.length > 0 && <IconChevronRight size={14} aria-hidden className={open ? 'chevron open' : 'chevron'} />}
        </UnstyledButton>
        <Group gap={6} wrap="nowrap">
          {compare && (
            <Checkbox
              size="xs"
              checked={compare.chosen}
              onChange={compare.toggle}
              aria-label={`Compare the version of ${formatValue(change.at, 'timestamptz')}`}
              title="Compare"
            />
          )}
          {change.key !== null && <ChangeMenu change={change} acts={acts} deed={deed} />}
        </Group>
      </Group>
      <Text size="xs" c="dimmed">
        <Ago at={change.at} now={now} />
        {change.reason !== null && <> · “{change.reason}”</>}
      </Text>
      {diff.length > 0 && (
        <Collapse expanded={open}>
          <DiffTable
            table={table}
            diff={diff}
            sides={change.operation === 'update' ? 'both' : change.operation === 'insert' ? 'after' : 'before'}
            label="Values by column"
          />
        </Collapse>
      )}
    </li>
  );
}

function ChangeMenu({ change, acts: { undo, undoRequest, restore, openRow }, deed }: { change: RowChange; acts: ChangeActs; deed: string }) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`What to do about: ${whoOf(change)} ${deed}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconArrowBackUp size={15} />} onClick={() => undo(change)}>
          Undo this change
        </Menu.Item>
        {change.request !== null && (
          <Menu.Item leftSection={<IconArrowBackUp size={15} />} onClick={() => undoRequest(change)}>
            Undo all of its request
          </Menu.Item>
        )}
        {restore && (
          <Menu.Item leftSection={<IconRestore size={15} />} onClick={() => restore(change)}>
            Restore this version
          </Menu.Item>
        )}
        {openRow && (
          <Menu.Item leftSection={<IconHistory size={15} />} onClick={() => openRow(change)}>
            History of this row
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
