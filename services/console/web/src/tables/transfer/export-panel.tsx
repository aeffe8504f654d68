import { Alert, Anchor, Button, Group, Modal, Progress, SegmentedControl, Stack, Switch, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { TableDescription } from '#contracts/http/tables';
import { Refusal } from '../../subjects/flag-dialog.tsx';
import { titleOf } from '../table-list.ts';
import type { TableToolProps } from '../table-tool.ts';
import { type ExportFormat, exportQuery, FORMATS, isFiltered } from './export-query.ts';
import { openSink } from './file-sink.ts';
import { bytesInWords } from './in-bytes.ts';
import type { ExportProgress } from '#libs/client/transfer/export-rows';
import { runExport } from './run-export.ts';

/** The table as a file, as the grid shows it: its filters and its order. */
export function ExportPanel({ table, query, close }: TableToolProps) {
  const [format, setFormat] = useState<string>(FORMATS[0].name);
  const [filtered, setFiltered] = useState(true);
  const chosen = FORMATS.find(({ name }) => name === format) ?? FORMATS[0];
  const fileName = `${table.name}.${chosen.name}`;
  const { exporting, progress, stop } = useExport(table, { format: chosen, query: filtered ? query : NOTHING, fileName });
  return (
    <Modal opened onClose={close} title={<b>Export {titleOf(table)}</b>} size="md">
      <Stack>
        <SegmentedControl
          aria-label="Format"
          fullWidth
          disabled={exporting.isPending}
          value={format}
          onChange={(next) => (setFormat(next), exporting.reset())}
          data={FORMATS.map(({ name, title }) => ({ value: name, label: title }))}
        />
        <Text size="sm" c="dimmed">
          {chosen.about}
        </Text>
        {isFiltered(query) && (
          <Switch
            label="Only what fits the grid’s filter"
            checked={filtered}
            disabled={exporting.isPending}
            onChange={(event) => (setFiltered(event.currentTarget.checked), exporting.reset())}
          />
        )}
        {exporting.isPending && <Moving progress={progress} />}
        {exporting.isError && <Broken error={exporting.error} />}
        {exporting.data && <Saved url={exporting.data.url} size={exporting.data.size} name={fileName} />}
        <Group justify="flex-end">
          {exporting.isPending ? (
            <Button variant="default" onClick={stop}>
              Stop
            </Button>
          ) : (
            <Button leftSection={<IconDownload size={16} />} onClick={() => exporting.mutate()} data-autofocus>
              {exporting.data ? 'Export again' : 'Export'}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

const NOTHING = new URLSearchParams();

interface ExportChosen {
  format: ExportFormat;
  query: URLSearchParams;
  fileName: string;
}

function useExport(table: TableDescription, { format, query, fileName }: ExportChosen) {
  const [progress, setProgress] = useState<ExportProgress>();
  const stop = useRef<AbortController>(undefined);
  const made = useRef<string>(undefined);
  const exporting = useMutation({
    mutationFn: async () => {
      stop.current = new AbortController();
      setProgress(undefined);
      const asked = { schema: table.schema, table: table.name, query: exportQuery(table, query), format, onProgress: setProgress, signal: stop.current.signal };
      const file = await runExport({ ...asked, sink: await openSink(fileName) });
      if (made.current !== undefined) URL.revokeObjectURL(made.current);
      made.current = URL.createObjectURL(file);
      save(made.current, fileName);
      return { url: made.current, size: file.size };
    },
  });
  // A panel that goes away takes its export along. The file of a finished one stays until the page goes: it may still be copied.
  useEffect(() => () => stop.current?.abort(), []);
  return { exporting, progress, stop: () => stop.current?.abort() };
}

function save(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}

function Broken({ error }: { error: unknown }) {
  const stopped = error instanceof DOMException && error.name === 'AbortError';
  return stopped ? (
    <Alert color="gray" title="Stopped">
      Nothing was saved.
    </Alert>
  ) : (
    <Refusal error={error} />
  );
}

function Moving({ progress }: { progress: ExportProgress | undefined }) {
  const share = shareOf(progress);
  return (
    <Stack gap={6}>
      <Progress.Root size="lg" transitionDuration={0}>
        <Progress.Section value={share ?? 100} aria-label="Exported" striped animated />
      </Progress.Root>
      <Text size="sm" component="output">
        {progress ? inWords(progress) : 'The service is making the file …'}
      </Text>
    </Stack>
  );
}

/** In percent, where there is something to compare with; never all of it before the end. */
function shareOf(progress: ExportProgress | undefined): number | undefined {
  if (progress?.size) return Math.min(99, (progress.bytes / progress.size) * 100);
  if (progress?.expected && progress.rows !== undefined) return Math.min(99, (progress.rows / progress.expected) * 100);
  return undefined;
}

function inWords({ bytes, size, rows, expected }: ExportProgress): string {
  const taken = size === undefined ? bytesInWords(bytes) : `${bytesInWords(bytes)} of ${bytesInWords(size)}`;
  if (rows === undefined) return taken;
  return `${taken}, about ${rows.toLocaleString()}${expected === undefined ? '' : ` of ${expected.toLocaleString()}`} rows`;
}

function Saved({ url, size, name }: { url: string; size: number; name: string }) {
  return (
    <Alert color="teal" title={`Exported: ${bytesInWords(size)}`}>
      <Anchor size="sm" href={url} download={name}>
        Save {name} again
      </Anchor>
    </Alert>
  );
}
