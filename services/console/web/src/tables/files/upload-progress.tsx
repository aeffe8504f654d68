import { Button, Group, Progress, Stack, Text } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { bytesInWords } from '../transfer/in-bytes.ts';
import type { Sending } from './use-upload.ts';

/** How far a file is; at its end the service still makes it durable. */
export function UploadProgress({ sending: { file, share }, stop }: { sending: Sending; stop: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  // The place that had the focus has gone.
  useEffect(() => button.current?.focus(), []);
  const percent = Math.floor(share * 100);
  return (
    <Stack gap={6}>
      <Text size="sm" className="cut">
        <bdi>{file.name}</bdi>
      </Text>
      <Progress.Root size="md" transitionDuration={0}>
        <Progress.Section value={percent} aria-label="Sent" />
      </Progress.Root>
      <Group justify="space-between">
        <Text size="xs" c="dimmed" className="tabular" component="output">
          {bytesInWords(Math.round(file.size * share))} of {bytesInWords(file.size)} sent
        </Text>
        <Button size="compact-xs" variant="default" onClick={stop} ref={button}>
          Stop
        </Button>
      </Group>
    </Stack>
  );
}
