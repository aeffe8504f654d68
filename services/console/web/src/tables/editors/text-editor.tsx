import { ActionIcon } from '@mantine/core';
import { IconCalendar } from '@tabler/icons-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { readCell } from '../columns/read-cell.ts';
import { localHabits } from '../columns/read-time.ts';
import { plainCell, showTimestamp } from '../columns/show-cell.ts';
import { type EditorProps, keyOf, useOnce } from './editor.ts';

const HABITS = localHabits();

/** A field in the cell for whatever is written as text: read when it is kept, and told at once when it can't be. */
export function TextEditor(props: EditorProps) {
  const { column, name } = props;
  const { text, problem, field, type, onKeyDown, leave } = useText(props);
  return (
    <>
      <textarea
        ref={field}
        rows={1}
        className={problem === undefined ? 'cell-field' : 'cell-field wrong'}
        aria-label={`Edit ${name}`}
        aria-invalid={problem !== undefined}
        inputMode={column.numeric ? 'decimal' : 'text'}
        autoComplete="off"
        spellCheck={column.kind === 'text'}
        value={text}
        onChange={(event) => type(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={leave}
      />
      {(column.valueKind === 'date' || column.valueKind === 'timestamp') && (
        <Calendar kind={column.valueKind} text={text} pick={type} back={() => field.current?.focus()} />
      )}
      {problem !== undefined && (
        <span role="alert" className="cell-problem">
          {problem}
        </span>
      )}
    </>
  );
}

function useText({ column, value, draft, keep, giveUp }: EditorProps) {
  const [text, setText] = useState(() => draft.text ?? (column.valueKind === 'timestamp' ? showTimestamp(plainCell(value)) : plainCell(value)));
  const [problem, setProblem] = useState<string>();
  const field = useRef<HTMLTextAreaElement>(null);
  const once = useOnce();
  /** What nobody touched stays to the last digit, however it is shown. */
  const untouched = useRef(draft.text === undefined);
  useEffect(() => {
    field.current?.focus({ preventScroll: true });
    const length = field.current?.value.length ?? 0;
    field.current?.setSelectionRange(length, length);
  }, []);
  const read = (): ReturnType<typeof readCell> => (untouched.current ? { value } : readCell(column, text, HABITS));
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape') return (event.stopPropagation(), once(giveUp));
    // Typed over a cell, arrows keep and go on, as in a spreadsheet; else they move the caret.
    const enters = event.key === 'Enter' && !event.altKey && !event.shiftKey;
    if (event.key !== 'Tab' && !enters && !(draft.typed !== undefined && event.key.startsWith('Arrow'))) return;
    event.preventDefault();
    event.stopPropagation();
    const reading = read();
    if ('problem' in reading) setProblem(reading.problem);
    else once(() => keep(reading, text, keyOf(event)));
  };
  const type = (next: string): void => {
    untouched.current = false;
    draft.keep(next);
    setText(next);
    setProblem(undefined);
  };
  return { text, problem, field, type, onKeyDown, leave: () => once(() => keep(read(), text)) };
}

/** The browser's own calendar. */
function Calendar({ kind, text, pick, back }: { kind: 'date' | 'timestamp'; text: string; pick: (text: string) => void; back: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <span className="cell-calendar">
      <input
        ref={input}
        type={kind === 'date' ? 'date' : 'datetime-local'}
        tabIndex={-1}
        aria-hidden
        value={kind === 'date' ? text : text.replace(' ', 'T')}
        onChange={(event) => {
          pick(event.currentTarget.value.replace('T', ' '));
          back();
        }}
      />
      <ActionIcon
        size="xs"
        variant="subtle"
        tabIndex={-1}
        aria-label="Pick from a calendar"
        // The field must not lose the focus: it would be kept.
        onMouseDown={(event) => event.preventDefault()}
        onClick={() => input.current?.showPicker()}
      >
        <IconCalendar size={14} />
      </ActionIcon>
    </span>
  );
}
