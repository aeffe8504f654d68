/* oxlint-disable jsx-a11y/prefer-tag-over-role -- rows stand where they are scrolled to, which elements of a table can't: ARIA's grid */
import { Badge, Button, Group, Popover, Stack, Text } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { memo, type ReactNode } from 'react';
import type { CellValue, GridColumn } from '../columns/grid-column.ts';
import { plainCell, showCell } from '../columns/show-cell.ts';
import { fileOf } from '../columns/file-cell.ts';
import { FileName } from '../files/file-name.tsx';
import type { CellState } from '../edit/row-writes.ts';
import { CellEditor } from '../editors/cell-editor.tsx';
import type { GridRow } from '../rows/grid-row.ts';
import type { Flash } from '../rows/live-rows.ts';
import type { CellHandlers } from './cell-handlers.ts';
import type { Editing } from './use-sheet.ts';

interface GridCellProps extends CellHandlers {
  id: string;
  at: { row: number; column: number };
  /** Where it stands in its row; with an inset it stays there. */
  place: { gridColumn: number; insetInlineStart?: number };
  row: GridRow | undefined;
  column: GridColumn;
  state: CellState | undefined;
  flash: Flash | undefined;
  focused: boolean;
  selected: boolean;
  editing: Editing | undefined;
  /** What a reference points to, by name. */
  label: string | undefined;
}

/** One cell: its value, the editor while it is edited, and what was refused. */
export const GridCell = memo(function GridCell(props: GridCellProps) {
  const { row, column, state, flash, editing, at } = props;
  const value = state?.kind === 'sending' ? state.mine : (row?.values[column.name] ?? null);
  const name = `${column.title}, row ${at.row + 1}`;
  const cell = (
    <div
      id={props.id}
      role="gridcell"
      aria-colindex={at.column + 2}
      aria-selected={props.selected}
      // oxlint-disable-next-line jsx-a11y/role-supports-aria-props -- ARIA 1.2 has it for cells of a grid
      aria-readonly={!column.editable}
      aria-invalid={state !== undefined && state.kind !== 'sending' ? true : undefined}
      aria-busy={state?.kind === 'sending' || undefined}
      aria-label={`${name}: ${describe(props, value)}`}
      data-row={at.row}
      data-column={at.column}
      className={classes(props)}
      style={props.place}
      title={editing ? undefined : (column.kind === 'file' ? showCell(column, value) : plainCell(value)).slice(0, 2_000)}
    >
      {editing && row ? (
        <CellEditor
          column={column}
          value={value}
          draft={editing.draft}
          name={name}
          row={row}
          dropped={editing.dropped}
          keep={(...kept) => props.onKeep(row, column, ...kept)}
          giveUp={props.onGiveUp}
        />
      ) : (
        <Shown column={column} value={value} label={props.label} state={state} />
      )}
      {flash && <span key={flash.at} className="cell-flash" aria-hidden />}
    </div>
  );
  if (!row || !state || state.kind === 'sending' || editing || !props.focused) return cell;
  return (
    <Popover opened withArrow position="bottom-start" width={300} trapFocus={false} shadow="md" withRoles={false}>
      <Popover.Target>{cell}</Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={`${name}, not saved`}>
        <Trouble column={column} state={state} settle={(choice) => props.onSettle(row, column, choice)} />
      </Popover.Dropdown>
    </Popover>
  );
}, sameCell);

function Shown({ column, value, label, state }: { column: GridColumn; value: CellValue; label: string | undefined; state: CellState | undefined }): ReactNode {
  if (state?.kind === 'refused') return <s className="refused-text cut">{showCell(column, state.mine)}</s>;
  if (value === null) return undefined;
  if (column.kind === 'boolean') return value === true ? <IconCheck size={16} aria-hidden /> : <span className="dimmed">no</span>;
  if (column.kind === 'choice') return <Tag text={showCell(column, value)} options={column.spec.options} />;
  if (column.kind === 'multi-choice' && typeof value === 'object') return value.map((one) => <Tag key={one} text={one} options={column.spec.options} />);
  const file = column.kind === 'file' ? fileOf(value) : undefined;
  if (file) return <FileName file={file} />;
  if (label !== undefined) return <span className="cut">{label}</span>;
  return <span className={column.kind === 'json' ? 'cut mono' : 'cut'}>{showCell(column, value)}</span>;
}

const COLOURS = ['blue', 'teal', 'orange', 'grape', 'cyan', 'lime', 'pink', 'indigo', 'yellow', 'gray'];

/** An option in a colour of its own, by its place. */
function Tag({ text, options }: { text: string; options: readonly string[] | undefined }) {
  const at = options?.indexOf(text) ?? -1;
  return (
    <Badge size="sm" variant="light" tt="none" fw={500} radius="sm" color={at < 0 ? 'gray' : (COLOURS[at % COLOURS.length] ?? 'gray')} className="cell-tag">
      {text}
    </Badge>
  );
}

type Troubled = Exclude<CellState, { kind: 'sending' }>;

function Trouble({ column, state, settle }: { column: GridColumn; state: Troubled; settle: (choice: 'mine' | 'theirs') => void }) {
  const mine = showCell(column, state.mine) || 'nothing';
  if (state.kind === 'refused')
    return (
      <Stack gap="xs" role="alert">
        <Text size="sm" fw={600}>
          Not saved: {mine}
        </Text>
        <Text size="sm">{state.words}</Text>
        <Group justify="flex-end">
          <Button size="compact-sm" variant="light" onClick={() => settle('theirs')}>
            All right
          </Button>
        </Group>
      </Stack>
    );
  return (
    <Stack gap="xs" role="alert">
      <Text size="sm" fw={600}>
        Changed meanwhile
      </Text>
      <dl className="facts">
        <dt>Theirs</dt>
        <dd>{showCell(column, state.theirs) || 'nothing'}</dd>
        <dt>Mine</dt>
        <dd>{mine}</dd>
      </dl>
      <Group justify="flex-end" gap="xs">
        <Button size="compact-sm" variant="default" onClick={() => settle('theirs')}>
          Keep theirs
        </Button>
        <Button size="compact-sm" onClick={() => settle('mine')}>
          Write mine
        </Button>
      </Group>
    </Stack>
  );
}

function describe({ column, row, state, flash, label }: GridCellProps, value: CellValue): string {
  if (!row) return 'loading';
  const shown = label ?? showCell(column, value);
  const parts = [
    shown === '' ? 'empty' : shown,
    state?.kind === 'sending' ? 'saving' : state?.kind === 'refused' ? `not saved, ${state.words}` : state?.kind === 'conflict' ? 'changed meanwhile' : '',
    flash ? `just changed by ${flash.who ?? 'somebody'}` : '',
  ];
  return parts.filter(Boolean).join(', ');
}

function classes({ column, place, state, focused, selected, editing }: GridCellProps): string {
  const names = [
    place.insetInlineStart === undefined ? '' : 'frozen',
    column.numeric ? 'number' : '',
    column.editable ? '' : 'locked',
    state?.kind ?? '',
    focused ? 'focused' : '',
    selected ? 'selected' : '',
    editing ? 'editing' : '',
  ];
  return names.filter(Boolean).join(' ');
}

function sameCell(a: GridCellProps, b: GridCellProps): boolean {
  if (a.editing || b.editing || (a.focused && a.state) || (b.focused && b.state)) return false;
  return (
    a.id === b.id &&
    a.column === b.column &&
    a.place.gridColumn === b.place.gridColumn &&
    a.place.insetInlineStart === b.place.insetInlineStart &&
    a.row?.values[a.column.name] === b.row?.values[b.column.name] &&
    (a.row === undefined) === (b.row === undefined) &&
    a.state === b.state &&
    a.flash === b.flash &&
    a.focused === b.focused &&
    a.selected === b.selected &&
    a.label === b.label
  );
}
