import { Alert, Button, Group, Loader, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ImportReport } from '#contracts/http/imports';
import type { TableDescription } from '#contracts/http/tables';
import { lakeloop } from '../../api/lakeloop.ts';
import { UndoDialog } from '../history/undo-dialog.tsx';
import { titleOf } from '../table-list.ts';
import type { TableToolProps } from '../table-tool.ts';
import { ToolDrawer } from '../tool-drawer.tsx';
import { FileDrop } from './file-drop.tsx';
import { ImportProgress } from './import-progress.tsx';
import { ImportReportView } from './import-report.tsx';
import { forgetRun, runOf, startRun } from './import-runs.ts';
import { ImportSetup } from './import-setup.tsx';
import { bytesInWords } from './in-bytes.ts';
import { isSameFile, type StoredImport, storedImport } from './stored-import.ts';

/** What an import takes. */
const TABULAR = {
  accept: '.csv,.ndjson,.jsonl,text/csv,application/x-ndjson',
  hint: 'CSV with commas and a header, or one JSON object a line. UTF-8, of any size.',
};

/** A file into a table: chosen, looked at, mapped, sent, and told what became of each line. */
export function ImportPanel({ table, close, refresh }: TableToolProps) {
  const [run, setRun] = useState(() => runOf(table.schema, table.name));
  const [stored, setStored] = useState(() => (run ? undefined : storedImport(localStorage, table.schema, table.name)));
  const [undone, setUndone] = useState<ImportReport>();
  const place = { schema: table.schema, table: table.name };
  const again = (): void => {
    forgetRun(table.schema, table.name);
    setRun(undefined);
    setStored(undefined);
  };
  const start = (file: File, report: ImportReport): void => setRun(startRun(place, file, report, refresh));
  return (
    <>
      <ToolDrawer title={`Import into ${titleOf(table)}`} width={720} close={close} held={undone !== undefined}>
        {run && <ImportProgress table={table} run={run} again={again} undo={setUndone} />}
        {!run && stored && <Interrupted table={table} stored={stored} start={start} forget={again} undo={setUndone} />}
        {!run && !stored && <Beginning table={table} start={start} />}
      </ToolDrawer>
      {undone && (
        <UndoDialog
          undoing={{ what: 'trace', id: undone.traceId }}
          title="Undo the whole import"
          close={() => setUndone(undefined)}
          done={() => (again(), refresh())}
        />
      )}
    </>
  );
}

function Beginning({ table, start }: { table: TableDescription; start: (file: File, report: ImportReport) => void }) {
  const [file, setFile] = useState<File>();
  if (!table.may.insert)
    return (
      <Alert color="gray" title="Not for this role">
        Your role may not add rows to {table.schema}.{table.name}. An administrator can grant it.
      </Alert>
    );
  return file ? (
    <ImportSetup key={`${file.name} ${file.lastModified}`} table={table} file={file} start={start} other={() => setFile(undefined)} />
  ) : (
    <FileDrop choose={setFile} {...TABULAR} />
  );
}

interface InterruptedProps {
  table: TableDescription;
  stored: StoredImport;
  start: (file: File, report: ImportReport) => void;
  forget: () => void;
  undo: (report: ImportReport) => void;
}

/** The page went away while a file was sent: with the same file it goes on where the service stands. */
function Interrupted({ table, stored, start, forget, undo }: InterruptedProps) {
  const report = useQuery({
    queryKey: ['import', stored.id],
    queryFn: ({ signal }) => lakeloop().imports.report(stored.id, { signal }),
    gcTime: 0,
    retry: false,
  });
  const [other, setOther] = useState<File>();
  if (report.isPending) return <Loader size="sm" aria-label="Loading" />;
  if (report.isError || report.data.state !== 'open')
    return report.data ? (
      <ImportReportView table={table} report={report.data} error={undefined} again={forget} undo={undo} />
    ) : (
      <Alert title="The last import is not known any more">
        <Button size="xs" onClick={forget}>
          Another file
        </Button>
      </Alert>
    );
  const { offset, inserted } = report.data;
  const choose = (file: File): void => (isSameFile(stored, file) ? start(file, report.data) : setOther(file));
  return (
    <Stack>
      <Alert color="orange" title={`The import of ${stored.fileName} was cut off`}>
        <Text size="sm">
          {bytesInWords(offset)} of {bytesInWords(stored.size)} are taken{inserted > 0 && `, ${inserted.toLocaleString()} rows written`}. Choose the same file
          again, and it goes on there.
        </Text>
      </Alert>
      {other && (
        <Alert color="red" title="Another file">
          {other.name} is not the file that the import began with, or it was changed since. Choose {stored.fileName} ({bytesInWords(stored.size)}), or leave it
          at that.
        </Alert>
      )}
      <FileDrop choose={choose} {...TABULAR} />
      <Group justify="flex-end">
        {inserted > 0 && (
          <Button variant="default" onClick={() => undo(report.data)}>
            Undo what is written
          </Button>
        )}
        <Button variant="default" onClick={forget}>
          Leave it at that
        </Button>
      </Group>
    </Stack>
  );
}
