import { Button, Group, Popover, Text, Textarea } from '@mantine/core';
import { type KeyboardEvent, useState } from 'react';
import { readCell } from '../columns/read-cell.ts';
import { localHabits } from '../columns/read-time.ts';
import { plainCell } from '../columns/show-cell.ts';
import { type EditorProps, useOnce } from './editor.ts';

const HABITS = localHabits();

/** JSON in a field of its own: Enter makes a line, Control and Enter keep it. */
export function JsonEditor({ column, value, draft, name, keep, giveUp }: EditorProps) {
  const [text, setText] = useState(draft.text ?? indented(plainCell(value)));
  const once = useOnce();
  const reading = readCell(column, text, HABITS);
  const problem = 'problem' in reading && text.trim() !== '' ? reading.problem : undefined;
  const keepIt = (): void => (problem === undefined ? once(() => keep(reading, text)) : undefined);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') return (event.stopPropagation(), once(giveUp));
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) keepIt();
  };
  return (
    <Popover opened position="bottom-start" width={420} shadow="md" withRoles={false} trapFocus={false} offset={2}>
      <Popover.Target>
        <span className="cell-anchor" />
      </Popover.Target>
      {/* oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- Mantine draws it */}
      <Popover.Dropdown role="dialog" aria-label={`Edit ${name}`}>
        <Textarea
          aria-label={`Edit ${name}`}
          autosize
          minRows={4}
          maxRows={14}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
          autoFocus
          spellCheck={false}
          error={problem}
          value={text}
          onChange={({ currentTarget }) => (draft.keep(currentTarget.value), setText(currentTarget.value))}
          onKeyDown={onKeyDown}
        />
        <Footer keep={problem === undefined ? keepIt : undefined} giveUp={() => once(giveUp)} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Footer({ keep, giveUp }: { keep: (() => void) | undefined; giveUp: () => void }) {
  return (
    <Group justify="space-between" mt="xs">
      <Text size="xs" c="dimmed">
        Ctrl Enter keeps
      </Text>
      <Group gap="xs">
        <Button size="compact-sm" variant="default" onClick={giveUp}>
          Cancel
        </Button>
        <Button size="compact-sm" disabled={!keep} onClick={keep}>
          Keep
        </Button>
      </Group>
    </Group>
  );
}

/** For the eye; what has numbers that would lose digits stays as it is. */
function indented(text: string): string {
  if (text === '' || /\d{16}|\.\d*0\b|\d[eE]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
