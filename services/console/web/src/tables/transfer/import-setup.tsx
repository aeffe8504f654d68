import { Alert, Button, Group, Loader, Radio, ScrollArea, Select, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ImportReport } from '#contracts/http/imports';
import type { TableDescription } from '#contracts/http/tables';
import { lakeloop } from '../../api/lakeloop.ts';
import { Refusal } from '../../subjects/flag-dialog.tsx';
import { columnTitle } from '../table-list.ts';
import { type FileHead, headOf } from './file-head.ts';
import { bytesInWords } from './in-bytes.ts';
import { columnFor, fillable, guessMapping, lacksOfMapping, type Mapping, mappingBody } from './mapping.ts';

/** So much of the file is looked at, bytes. */
const LOOKED_AT = 64 * 1024;

interface SetupProps {
  table: TableDescription;
  file: File;
  start: (file: File, report: ImportReport) => void;
  /** Another file. */
  other: () => void;
}

/** The beginning of a file, and what of it goes into which column. */
export function ImportSetup({ table, file, start, other }: SetupProps) {
  const head = useQuery({
    queryKey: ['file-head', file.name, file.size, file.lastModified],
    queryFn: async () => headOf(file.name, await file.slice(0, LOOKED_AT).text(), file.size <= LOOKED_AT),
    gcTime: 0,
    retry: false,
  });
  return (
    <Stack>
      <Group justify="space-between">
        <Text>
          <b>{file.name}</b> <span className="dimmed">{bytesInWords(file.size)}</span>
        </Text>
        <Button size="xs" variant="default" onClick={other}>
          Another file
        </Button>
      </Group>
      {head.isPending && <Loader size="sm" aria-label="Reading the file" />}
      {head.isError && (
        <Alert color="red" title="The file can’t be read" role="alert">
          It may have been moved, or is not for you to read. Choose it again.
        </Alert>
      )}
      {head.data?.problem !== undefined && (
        <Alert color="red" title="This file can’t be imported as it is" role="alert">
          {head.data.problem}
        </Alert>
      )}
      {head.data && head.data.problem === undefined && <MappingForm table={table} file={file} head={head.data} start={start} />}
    </Stack>
  );
}

type Mode = 'all-or-nothing' | 'skip-bad';

function MappingForm({ table, file, head, start }: Omit<SetupProps, 'other'> & { head: FileHead }) {
  const [mapping, setMapping] = useState(() => guessMapping(head.names, table));
  const [mode, setMode] = useState<Mode>('all-or-nothing');
  const lacks = lacksOfMapping(mapping, table);
  const begin = useMutation({
    mutationFn: () => lakeloop().imports.begin({ table, format: head.format, mode, columns: mappingBody(mapping, head.names) }),
    onSuccess: (report) => start(file, report),
  });
  return (
    <>
      <Preview table={table} head={head} mapping={mapping} set={setMapping} />
      <Radio.Group label="Where a line is refused" value={mode} onChange={(value) => setMode(value)}>
        <Stack gap={6} mt={6}>
          <Radio value="all-or-nothing" label="Import nothing" description="One transaction: all of the file, or none of it" />
          <Radio value="skip-bad" label="Leave that line out" description="The others are written as they come; what is cut off goes on where it stands" />
        </Stack>
      </Radio.Group>
      {lacks.length > 0 && (
        <ul className="plain lacking" aria-label="What is missing">
          {lacks.map((lack) => (
            <li key={lack}>{lack}</li>
          ))}
        </ul>
      )}
      {begin.error && <Refusal error={begin.error} />}
      <Group justify="flex-end">
        <Button loading={begin.isPending} disabled={lacks.length > 0} onClick={() => begin.mutate()}>
          Import
        </Button>
      </Group>
    </>
  );
}

interface PreviewProps {
  table: TableDescription;
  head: FileHead;
  mapping: Mapping;
  set: (mapping: Mapping) => void;
}

function Preview({ table, head: { names, rows }, mapping, set }: PreviewProps) {
  const options = [{ value: '', label: 'left out' }, ...fillable(table).map((column) => ({ value: column.name, label: columnTitle(column) }))];
  const put = (name: string, column: string): void => {
    const { [name]: _before, ...others } = mapping;
    set(column === '' ? others : { ...others, [name]: column });
  };
  return (
    <ScrollArea type="auto" tabIndex={0}>
      <Table fz="sm" verticalSpacing={4} className="import-preview" aria-label="Columns of the file">
        <Table.Thead>
          <Table.Tr>
            {names.map((name) => (
              <Table.Th key={name}>
                <span className="cut">{name || <i>no name</i>}</span>
                <Select
                  size="xs"
                  searchable
                  allowDeselect={false}
                  aria-label={`Column for ${name}`}
                  data={options}
                  value={columnFor(mapping, name) ?? ''}
                  onChange={(column) => put(name, column ?? '')}
                />
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.slice(0, 8).map((row, place) => (
            <Table.Tr key={`${place} ${row.join(' ')}`}>
              {names.map((name, index) => (
                <Table.Td key={name} className={columnFor(mapping, name) === undefined ? 'left-out' : undefined}>
                  {row[index] === null || row[index] === undefined ? <i className="dimmed">empty</i> : row[index].slice(0, 80)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  );
}
