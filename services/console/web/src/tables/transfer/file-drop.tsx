import { Text } from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import './transfer.css';

interface FileDropProps {
  choose: (file: File) => void;
  title?: string | undefined;
  /** What may be chosen, for the person and for the browser. */
  hint?: string;
  accept?: string;
  /** Accessible name, where the title does not say which file. */
  label?: string;
  compact?: boolean;
  /** It takes the focus when it comes: what had it has gone. */
  focused?: boolean;
}

/** A file, chosen or dropped. */
export function FileDrop({ choose, title = 'Choose a file, or drop it here', hint, accept, label, compact = false, focused = false }: FileDropProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => (focused ? input.current?.focus({ preventScroll: true }) : undefined), [focused]);
  const [over, setOver] = useState(false);
  return (
    <label className={['file-drop', over ? 'over' : '', compact ? 'compact' : ''].filter(Boolean).join(' ')}>
      <IconFileUpload size={compact ? 22 : 34} stroke={1.4} aria-hidden />
      <Text fw={600} size={compact ? 'sm' : 'md'} component="span">
        {title}
      </Text>
      {hint !== undefined && (
        <Text size="sm" c="dimmed" component="span">
          {hint}
        </Text>
      )}
      <input
        // It covers the whole place: browsers take what is dropped on it.
        ref={input}
        type="file"
        aria-label={label}
        onDragEnter={() => setOver(true)}
        onDragLeave={() => setOver(false)}
        onDrop={() => setOver(false)}
        accept={accept}
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file) choose(file);
        }}
      />
    </label>
  );
}
