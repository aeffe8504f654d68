import { Loader, Popover, Text } from '@mantine/core';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import type { CellValue } from '../columns/grid-column.ts';
import { sameValue } from '../rows/grid-row.ts';
import { type EditorProps, keyOf, useOnce } from './editor.ts';

export interface Option {
  value: CellValue;
  label: string;
  hint?: string;
}

interface ListEditorProps extends EditorProps {
  options: readonly Option[];
  /** Several can be chosen: Space ticks, Enter keeps. */
  several?: boolean;
  /** Told what is looked for; the options are then those that match already. */
  onSearch?: (text: string) => void;
  pending?: boolean;
}

/** A list to choose from, with a field that narrows it. */
export function ListEditor(props: ListEditorProps) {
  const { name, several = false, pending = false } = props;
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  const list = useList(props, id);
  return (
    <Popover opened position="bottom-start" width={280} shadow="md" withRoles={false} trapFocus={false} offset={2}>
      <Popover.Target>
        <input
          ref={field}
          className="cell-field"
          role="combobox"
          aria-label={`Edit ${name}`}
          aria-expanded
          aria-controls={`${id}-list`}
          aria-activedescendant={`${id}-${list.at}`}
          autoComplete="off"
          placeholder="Type to find"
          value={list.search}
          onChange={(event) => list.look(event.currentTarget.value)}
          onKeyDown={list.onKeyDown}
          onBlur={list.leave}
        />
      </Popover.Target>
      <Popover.Dropdown p={4}>
        {/* oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- a combobox's list, drawn by us */}
        <div id={`${id}-list`} role="listbox" aria-label={name} aria-multiselectable={several} className="option-list">
          {list.options.map((option, index) => (
            <Choice
              key={option.label}
              id={`${id}-${index}`}
              option={option}
              active={option === list.active}
              selected={list.isChosen(option)}
              tickable={several}
              choose={() => list.choose(option)}
            />
          ))}
        </div>
        <Notes pending={pending} none={list.options.length === 0} several={several} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Notes({ pending, none, several }: { pending: boolean; none: boolean; several: boolean }) {
  return (
    <>
      {pending && <Loader size="xs" m={6} aria-label="Looking" />}
      {!pending && none && (
        <Text size="sm" c="dimmed" p={6}>
          Nothing like that.
        </Text>
      )}
      {several && (
        <Text size="xs" c="dimmed" p={6}>
          Space ticks, Enter keeps
        </Text>
      )}
    </>
  );
}

/** What is looked for, what is ticked, and the keys that lead through the list. */
function useList(props: ListEditorProps, id: string) {
  const { several = false, keep, giveUp, onSearch } = props;
  const [search, setSearch] = useState(props.draft.text ?? '');
  const [ticked, setTicked] = useState<readonly string[]>(Array.isArray(props.value) ? props.value : []);
  const options = onSearch ? props.options : narrowed(props.options, search);
  const [at, setAt] = useState(() =>
    Math.max(
      0,
      options.findIndex(({ value }) => sameValue(value, props.value)),
    ),
  );
  const active = options[Math.min(at, options.length - 1)];
  const once = useOnce();
  useEffect(() => {
    // Its answer is nothing to clean up by: browsers have begun to give a promise.
    document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: 'nearest' });
  }, [id, at]);
  const tick = (value: CellValue): void =>
    setTicked((before) => (before.includes(String(value)) ? before.filter((one) => one !== value) : [...before, String(value)]));
  const chosen = (): CellValue => (several ? (ticked.length === 0 ? null : ticked) : (active?.value ?? null));
  const step = (by: number): void => setAt((before) => Math.max(0, Math.min(options.length - 1, before + by)));
  const onKeyDown = (event: KeyboardEvent): void => {
    const ticks = several && event.key === ' ';
    if (!ticks && !['Escape', 'ArrowDown', 'ArrowUp', 'Enter', 'Tab'].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === 'Escape') once(giveUp);
    else if (event.key.startsWith('Arrow')) step(event.key === 'ArrowDown' ? 1 : -1);
    else if (ticks) {
      if (active) tick(active.value);
    } else if (several || active) once(() => keep({ value: chosen() }, search, keyOf(event)));
  };
  return {
    search,
    options,
    at,
    active,
    onKeyDown,
    isChosen: ({ value }: Option) => (several ? ticked.includes(String(value)) : sameValue(value, props.value)),
    choose: ({ value }: Option) => (several ? tick(value) : once(() => keep({ value }, search))),
    look: (text: string) => (props.draft.keep(text), setSearch(text), setAt(0), onSearch?.(text)),
    leave: () => once(() => (several ? keep({ value: chosen() }, search) : giveUp())),
  };
}

interface ChoiceProps {
  id: string;
  option: Option;
  active: boolean;
  selected: boolean;
  tickable: boolean;
  choose: () => void;
}

function Choice({ id, option, active, selected, tickable, choose }: ChoiceProps) {
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the field above has the keys: ARIA's combobox
    <div
      id={id}
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- an option element takes no mark-up
      role="option"
      tabIndex={-1}
      aria-selected={selected}
      className={active ? 'active' : undefined}
      // The field must not lose the focus: it would be kept.
      onMouseDown={(event) => event.preventDefault()}
      onClick={choose}
    >
      {tickable && <input type="checkbox" readOnly tabIndex={-1} checked={selected} aria-hidden />}
      <span className="cut">{option.label}</span>
      {option.hint !== undefined && <span className="hint">{option.hint}</span>}
    </div>
  );
}

function narrowed(options: readonly Option[], search: string): readonly Option[] {
  const wanted = search.trim().toLowerCase();
  return wanted === '' ? options : options.filter(({ label }) => label.toLowerCase().includes(wanted));
}
