import { Popover } from '@mantine/core';
import { memo, useEffect, useRef } from 'react';
import type { Amount } from './decimal.ts';
import type { Cell } from './grid-model.ts';
import { RefusalNote } from './refusal-note.tsx';
import { showAmount, showChange } from './show-amount.ts';
import type { Refusal } from './team-table.ts';
import type { Editing } from './use-grid-keys.ts';

export interface GridCellProps {
  id: string;
  at: { row: number; column: number };
  /** Product, region, period. */
  name: string;
  cell: Cell | undefined;
  unit: string | undefined;
  /** Amounts are changes: with their sign. */
  signed: boolean;
  /** The baseline, for an empty cell. */
  ghost: Amount | undefined;
  /** Entries of another kind stand here. */
  others: boolean;
  sending: boolean;
  /** Who else changed it last, while this page looked. */
  seen: { who: string; at: number } | undefined;
  refusal: Refusal | undefined;
  onDismiss: () => void;
  onInsist: () => void;
  focused: boolean;
  selected: boolean;
  editing: Editing | undefined;
  onType: (text: string) => void;
  onLeave: () => void;
}

/** One cell: amount, marks, the field while it is edited, and what was refused. */
export const GridCell = memo(function GridCell(props: GridCellProps) {
  const { cell, seen, refusal, focused, editing, at } = props;
  const cellNode = (
    <td
      id={props.id}
      aria-colindex={at.column + 2}
      aria-selected={props.selected}
      aria-invalid={refusal !== undefined || undefined}
      aria-busy={props.sending || undefined}
      aria-label={`${props.name}: ${describe(props)}`}
      data-row={at.row}
      data-column={at.column}
      className={classes(props)}
    >
      {editing ? <Field editing={editing} name={props.name} type={props.onType} leave={props.onLeave} /> : <Shown {...props} />}
      {seen && (
        <span key={seen.at} className="seen" aria-hidden>
          <span className="seen-name">{seen.who}</span>
        </span>
      )}
      {cell && cell.entries.some(({ comment }) => comment !== '') && <span className="mark comment" aria-hidden />}
      {props.others && <span className="mark other" aria-hidden />}
    </td>
  );
  if (!refusal || !focused || editing) return cellNode;
  return (
    <Popover opened withArrow position="bottom-start" width={320} withinPortal trapFocus={false} shadow="md" withRoles={false}>
      <Popover.Target>{cellNode}</Popover.Target>
      <Popover.Dropdown>
        <RefusalNote refusal={refusal} dismiss={props.onDismiss} insist={props.onInsist} />
      </Popover.Dropdown>
    </Popover>
  );
}, sameCell);

function Shown({ cell, unit, refusal, signed, ghost }: GridCellProps) {
  if (!cell && refusal?.kind === 'refused' && refusal.mine) return <s className="refused-text">{refusal.mine}</s>;
  if (!cell) return ghost === undefined ? undefined : <span className="ghost">{showAmount(ghost)}</span>;
  if (cell.amount === undefined) return <span className="dimmed">mixed</span>;
  return (
    <>
      {signed ? showChange(cell.amount) : showAmount(cell.amount)}
      {signed && unit === undefined && <span className="unit">%</span>}
      {cell.unit !== undefined && cell.unit !== unit && <span className="unit">{cell.unit}</span>}
    </>
  );
}

function Field({ editing, name, type, leave }: { editing: Editing; name: string; type: (text: string) => void; leave: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const field = input.current;
    field?.focus({ preventScroll: true });
    if (field) field.setSelectionRange(field.value.length, field.value.length);
  }, []);
  return (
    <input
      ref={input}
      className={editing.wrong ? 'cell-field wrong' : 'cell-field'}
      aria-label={`Edit ${name}`}
      aria-invalid={editing.wrong}
      inputMode="decimal"
      autoComplete="off"
      value={editing.text}
      onChange={(event) => type(event.currentTarget.value)}
      onBlur={leave}
    />
  );
}

function describe({ cell, unit, ghost, others, sending, refusal, seen }: GridCellProps): string {
  const parts = [
    cell === undefined
      ? ghost === undefined
        ? 'empty'
        : `empty, baseline ${showAmount(ghost)}`
      : cell.amount === undefined
        ? 'mixed units'
        : `${showAmount(cell.amount)} ${cell.unit ?? unit ?? ''}`.trim(),
    cell && cell.entries.length > 1 ? `${cell.entries.length} entries` : '',
    cell?.entries.some(({ comment }) => comment !== '') ? 'commented' : '',
    others ? 'entries of another kind too' : '',
    sending ? 'saving' : '',
    refusal ? (refusal.kind === 'conflict' ? 'changed meanwhile' : `refused, ${refusal.detail}`) : '',
    seen ? `just changed by ${seen.who}` : '',
  ];
  return parts.filter(Boolean).join(', ');
}

function classes({ focused, selected, sending, refusal, cell }: GridCellProps): string | undefined {
  const names = [
    focused ? 'focused' : '',
    selected ? 'selected' : '',
    sending ? 'sending' : '',
    refusal ? refusal.kind : '',
    cell ? 'entered' : '',
    cell && cell.entries.length > 1 ? 'several' : '',
  ];
  return names.filter(Boolean).join(' ') || undefined;
}

/** Handlers and places change with every drawing, and mean the same: only what is seen counts. */
function sameCell(a: GridCellProps, b: GridCellProps): boolean {
  if (a.focused || b.focused || a.editing || b.editing) return false;
  return (
    a.name === b.name &&
    a.id === b.id &&
    a.unit === b.unit &&
    a.signed === b.signed &&
    a.ghost === b.ghost &&
    a.others === b.others &&
    a.sending === b.sending &&
    a.seen === b.seen &&
    a.refusal === b.refusal &&
    a.selected === b.selected &&
    sameAmount(a.cell, b.cell)
  );
}

function sameAmount(a: Cell | undefined, b: Cell | undefined): boolean {
  if (a === b) return true;
  return (
    a !== undefined &&
    b !== undefined &&
    a.amount === b.amount &&
    a.unit === b.unit &&
    a.entries.length === b.entries.length &&
    a.entries.every((entry, index) => entry === b.entries[index])
  );
}
