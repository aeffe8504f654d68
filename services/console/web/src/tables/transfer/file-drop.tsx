import { Text } from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import { useState } from 'react';

const TYPES = '.csv,.ndjson,.jsonl,text/csv,application/x-ndjson';

/** A file, chosen or dropped. */
export function FileDrop({ choose }: { choose: (file: File) => void }) {
  const [over, setOver] = useState(false);
  return (
    <label className={over ? 'file-drop over' : 'file-drop'}>
      <IconFileUpload size={34} stroke={1.4} aria-hidden />
      <Text fw={600} component="span">
        Choose a file, or drop it here
      </Text>
      <Text size="sm" c="dimmed" component="span">
        CSV with commas and a header, or one JSON object a line. UTF-8, of any size.
      </Text>
      <input
        // It covers the whole place: browsers take what is dropped on it.
        type="file"
        onDragEnter={() => setOver(true)}
        onDragLeave={() => setOver(false)}
        onDrop={() => setOver(false)}
        accept={TYPES}
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file) choose(file);
        }}
      />
    </label>
  );
}
