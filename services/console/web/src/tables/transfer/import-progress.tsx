import { Alert, Button, Group, Progress, Stack, Text } from '@mantine/core';
import { useEffect, useSyncExternalStore } from 'react';
import type { ImportReport } from '#contracts/http/imports';
import type { TableDescription } from '#contracts/http/tables';
import { ApiError } from '../../api/api-error.ts';
import type { ImportRun, RunView } from './import-run.ts';
import { ImportReportView } from './import-report.tsx';
import { bytesInWords } from './in-bytes.ts';

/** The service is asked so often how far it is, ms. */
const LOOK_MS = 1_000;

interface ProgressProps {
  table: TableDescription;
  run: ImportRun;
  again: () => void;
  undo: (report: ImportReport) => void;
}

/** An import on its way: how much is sent and taken, what broke; at its end what became of it. */
export function ImportProgress({ table, run, again, undo }: ProgressProps) {
  const view = useSyncExternalStore(run.subscribe, run.view);
  const { state } = view;
  useEffect(() => {
    if (state !== 'sending') return undefined;
    // What can't be asked now is asked again in a second.
    const timer = setInterval(() => void run.look().catch(() => undefined), LOOK_MS);
    return () => clearInterval(timer);
  }, [run, state]);
  if (state === 'sending' || state === 'waiting') return <Moving view={view} run={run} />;
  return <ImportReportView table={table} report={view.report} error={view.error} left={state === 'left'} again={again} undo={undo} />;
}

function Moving({ view: { state, sent, size, report, error }, run }: { view: RunView; run: ImportRun }) {
  const share = (bytes: number): number => (size === 0 ? 100 : (bytes / size) * 100);
  const taken = Math.min(sent, report.offset);
  // One transaction takes nothing before its end: then what is sent is all that moves.
  const done = report.mode === 'skip-bad' ? taken : sent;
  return (
    <Stack>
      <Group justify="space-between">
        <Text size="sm">
          {bytesInWords(done)} of {bytesInWords(size)} {report.mode === 'skip-bad' ? 'taken' : 'sent'}
        </Text>
        <Text size="sm" className="tabular">
          {Math.floor(share(done))} %
        </Text>
      </Group>
      <Progress.Root size="lg" transitionDuration={0}>
        <Progress.Section value={share(taken)} aria-label="Taken by the service" />
        <Progress.Section
          value={share(sent) - share(taken)}
          color="lake.3"
          striped={state === 'sending'}
          animated={state === 'sending'}
          aria-label="On its way"
        />
      </Progress.Root>
      <Text size="sm" c="dimmed" component="output">
        {report.lines.toLocaleString()} lines read, {report.inserted.toLocaleString()} rows{' '}
        {report.mode === 'skip-bad' ? 'written' : 'ready to be written at the end'}
        {sent === size && state === 'sending' && ', the rest is on its way into the table'}
        {report.refused > 0 && `, ${report.refused.toLocaleString()} lines refused`}
      </Text>
      {state === 'waiting' && <Waiting error={error} mode={report.mode} hurry={() => run.hurry()} />}
      <Text size="xs" c="dimmed">
        You may close this panel; the import goes on as long as the page is open.
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={() => run.leave()}>
          Stop the import
        </Button>
      </Group>
    </Stack>
  );
}

function Waiting({ error, mode, hurry }: { error: unknown; mode: ImportReport['mode']; hurry: () => void }) {
  const busy = error instanceof ApiError && error.status === 409;
  return (
    <Alert color="orange" title={busy ? 'The service is still busy with what it got before' : 'The connection broke'}>
      <Group justify="space-between">
        <Text size="sm">It goes on by itself in a moment, {mode === 'skip-bad' ? 'where it stands' : 'from the beginning: nothing is written yet'}.</Text>
        <Button size="xs" variant="default" onClick={hurry}>
          Try now
        </Button>
      </Group>
    </Alert>
  );
}
