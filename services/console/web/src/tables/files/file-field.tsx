import { Button, Group, Input, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { fileOf } from '../columns/file-cell.ts';
import { FileDrop } from '../transfer/file-drop.tsx';
import { FileName } from './file-name.tsx';
import { UploadProgress } from './upload-progress.tsx';
import { useUpload } from './use-upload.ts';

/** What stands in a form while its file is on its way: no file yet. */
const ON_ITS_WAY = '…';

interface FileFieldProps {
  label: string;
  description: string | undefined;
  withAsterisk: boolean;
  error: ReactNode;
  /** The value of the file as JSON text. */
  value: string;
  onChange: (text: string) => void;
}

/** A file in a form: sent when it is chosen, and put into the row with the rest. */
export function FileField({ value, onChange, error, label, ...about }: FileFieldProps) {
  const { sending, problem, start, stop } = useUpload((stored) => onChange(JSON.stringify(stored)));
  const file = fileOf(value);
  const choose = (chosen: File): void => {
    onChange(ON_ITS_WAY);
    start(chosen);
  };
  const giveUp = (): void => {
    stop();
    onChange('');
  };
  return (
    <Input.Wrapper label={label} {...about} error={problem ?? error}>
      <Stack gap={6} mt={4}>
        {sending && <UploadProgress sending={sending} stop={giveUp} />}
        {file && !sending && (
          <Group justify="space-between" wrap="nowrap">
            <FileName file={file} />
            <Button size="compact-xs" variant="default" onClick={() => onChange('')}>
              Take out
            </Button>
          </Group>
        )}
        {!file && !sending && <FileDrop choose={choose} label={`File for ${label}`} compact />}
      </Stack>
    </Input.Wrapper>
  );
}
