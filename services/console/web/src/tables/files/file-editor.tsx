import { Alert, Button, Group, Popover, Stack, Text } from '@mantine/core';
import { IconDownload, IconTrash } from '@tabler/icons-react';
import { type KeyboardEvent, useContext, useEffect, useRef } from 'react';
import { fileOf } from '../columns/file-cell.ts';
import { type EditorProps, useOnce } from '../editors/editor.ts';
import { FileDrop } from '../transfer/file-drop.tsx';
import { FileLinks } from './file-link.ts';
import { FileName } from './file-name.tsx';
import { UploadProgress } from './upload-progress.tsx';
import { useUpload } from './use-upload.ts';

/** The file of a cell: downloaded, replaced, taken out. A file that has come is kept at once. Who may not change it may download it. */
export function FileEditor(props: EditorProps) {
  const { name, keep, giveUp } = props;
  const once = useOnce();
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    once(giveUp);
  };
  return (
    <Popover opened position="bottom-start" width={340} shadow="md" withRoles={false} trapFocus offset={2}>
      <Popover.Target>
        <span className="cell-anchor" />
      </Popover.Target>
      {/* oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- Mantine draws it */}
      <Popover.Dropdown role="dialog" aria-label={`File of ${name}`} onKeyDown={onKeyDown}>
        <FileForm {...props} keep={(...kept) => once(() => keep(...kept))} giveUp={() => once(giveUp)} />
      </Popover.Dropdown>
    </Popover>
  );
}

function FileForm(props: EditorProps) {
  const { column, value, dropped, keep } = props;
  const file = fileOf(value);
  const { sending, problem, start, stop } = useUpload((stored) => keep({ value: JSON.stringify(stored) }, stored.name));
  useDropped(dropped, start);
  return (
    <Stack gap="sm">
      {file && (
        <Text size="sm" component="div">
          <FileName file={file} />
          <Text size="xs" c="dimmed" className="cut">
            {file.type}
          </Text>
        </Text>
      )}
      {problem !== undefined && (
        <Alert color="red" title="The file was not stored">
          {problem}
        </Alert>
      )}
      {sending && <UploadProgress sending={sending} stop={stop} />}
      {!sending && column.editable && <FileDrop choose={start} title={file ? 'Choose another file, or drop it' : undefined} compact focused />}
      {!sending && <Acts {...props} />}
    </Stack>
  );
}

function Acts({ column, value, row, keep, giveUp }: EditorProps) {
  const linkTo = useContext(FileLinks);
  const there = fileOf(value) !== undefined;
  return (
    <Group justify="space-between" gap="xs">
      <Group gap="xs">
        {there && (
          <Button size="compact-sm" variant="default" component="a" href={linkTo(row, column)} download leftSection={<IconDownload size={14} />}>
            Download
          </Button>
        )}
        {there && column.editable && !column.required && (
          <Button size="compact-sm" variant="default" leftSection={<IconTrash size={14} />} onClick={() => keep({ value: null }, '')}>
            Take out
          </Button>
        )}
      </Group>
      <Button size="compact-sm" variant="default" onClick={giveUp}>
        Close
      </Button>
    </Group>
  );
}

/** Sends what was dropped, once. */
function useDropped(dropped: File | undefined, start: (file: File) => void): void {
  const begun = useRef<File>(undefined);
  useEffect(() => {
    if (!dropped || begun.current === dropped) return;
    begun.current = dropped;
    start(dropped);
  });
}
