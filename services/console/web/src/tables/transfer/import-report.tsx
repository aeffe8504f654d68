import { Alert, Button, Group, ScrollArea, Stack, Table, Text } from '@mantine/core';
import { IconArrowBackUp, IconDownload } from '@tabler/icons-react';
import type { ImportReport } from '#contracts/http/imports';
import type { TableDescription } from '#contracts/http/tables';
import { Refusal } from '../../subjects/flag-dialog.tsx';
import { count } from '../history/change-words.ts';
import { refusalInWords } from './refusal-words.ts';
import { refusalsCsv } from './refusals-csv.ts';

/** Lines that are shown; all that the service keeps are in the download. */
const SHOWN = 100;

interface ReportProps {
  table: TableDescription;
  report: ImportReport;
  /** Why it could not go on. */
  error: unknown;
  /** The person gave it up. */
  left?: boolean;
  again: () => void;
  undo: (report: ImportReport) => void;
}

/** What became of an import: rows written, lines refused and why; with the way back. */
export function ImportReportView({ table, report, error, left = false, again, undo }: ReportProps) {
  const { inserted, refused, refusals, state } = report;
  const complete = state === 'complete';
  return (
    <Stack>
      <Alert color={complete && refused === 0 ? 'teal' : complete ? 'orange' : 'red'} title={titleOf(report, left)}>
        <Text size="sm">{inserted > 0 ? `${count(inserted, 'row')} written.` : 'No row was written.'}</Text>
      </Alert>
      {error !== undefined && refused === 0 && <Refusal error={error} />}
      {refused > 0 && <Refused table={table} refusals={refusals} refused={refused} />}
      <Group justify="space-between">
        <Group gap="xs">
          {refused > 0 && (
            <Button
              variant="default"
              component="a"
              leftSection={<IconDownload size={16} />}
              href={`data:text/csv;charset=utf-8,${encodeURIComponent(refusalsCsv(refusals))}`}
              download={`refused-${report.table}.csv`}
            >
              Refused lines
            </Button>
          )}
          {inserted > 0 && (
            <Button variant="default" leftSection={<IconArrowBackUp size={16} />} onClick={() => undo(report)}>
              Undo the import
            </Button>
          )}
        </Group>
        <Button onClick={again}>Another file</Button>
      </Group>
    </Stack>
  );
}

function titleOf({ state, refused, failure }: ImportReport, left: boolean): string {
  if (state === 'complete') return refused === 0 ? 'All of it is imported' : `Imported, without ${count(refused, 'line')}`;
  if (left) return 'The import was stopped';
  return refused > 0 ? `Nothing was imported: ${count(refused, 'line')} refused` : (failure ?? 'The import could not go on');
}

function Refused({ table, refusals, refused }: { table: TableDescription; refusals: ImportReport['refusals']; refused: number }) {
  return (
    <ScrollArea.Autosize mah="50vh" type="auto" tabIndex={0}>
      <Table fz="sm" stickyHeader verticalSpacing={3} aria-label="Refused lines">
        <Table.Thead>
          <Table.Tr>
            <Table.Th ta="right">Line</Table.Th>
            <Table.Th>Why</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {refusals.slice(0, SHOWN).map(({ line, message }) => (
            <Table.Tr key={line}>
              <Table.Td ta="right" className="tabular">
                {line.toLocaleString()}
              </Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{refusalInWords(message, table.columns)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
        {refused > SHOWN && (
          <Table.Caption>
            and {(refused - SHOWN).toLocaleString()} more{refused > refusals.length && `; the first ${refusals.length.toLocaleString()} are kept`}
          </Table.Caption>
        )}
      </Table>
    </ScrollArea.Autosize>
  );
}
