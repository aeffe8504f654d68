import { Alert, Badge, Button, Group, Modal, Progress, ScrollArea, Stack, Table, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { GridColumn } from '../columns/grid-column.ts';
import { plainCell, showCell } from '../columns/show-cell.ts';
import type { PastePlan, PlannedRow } from './paste-plan.ts';

/** Lines of the preview: what is more is counted. */
const SHOWN = 60;

interface PasteProps {
  plan: PastePlan;
  columns: ReadonlyMap<string, GridColumn>;
  /** Writes all of it or nothing, and tells how much is done, 0 to 1, where that is known; throws a refusal. */
  write: (plan: PastePlan, onProgress: (share: number) => void) => Promise<void>;
  /** A refusal in words. */
  words: (error: unknown) => string;
  close: () => void;
}

/** What a pasted block will do, and what of it can't be used, before anything is written. */
export function PasteDialog({ plan, ...props }: Omit<PasteProps, 'plan'> & { plan: PastePlan | undefined }) {
  return (
    <Modal opened={plan !== undefined} onClose={props.close} title="Paste" size="xl" returnFocus={false}>
      {plan && <Preview plan={plan} {...props} />}
    </Modal>
  );
}

function Preview({ plan, columns, write, words, close }: PasteProps) {
  const [done, setDone] = useState(0);
  const paste = useMutation({ mutationFn: () => write(plan, setDone), onSuccess: close });
  const rows = [...plan.changes, ...plan.inserts];
  const cells = rows.reduce((sum, { values }) => sum + Object.keys(values).length, 0);
  const blocked = plan.problems.length > 0;
  return (
    <Stack>
      <Counts plan={plan} />
      <Text size="sm" c="dimmed">
        {plan.byName ? 'The first line names the columns. ' : ''}All of it is written in one transaction, or nothing.
      </Text>
      {blocked && <Problems plan={plan} />}
      {rows.length > 0 && <PlannedRows rows={rows} columns={columns} />}
      {paste.isPending && <Progress value={done === 0 ? 100 : done * 100} animated={done === 0} aria-label={`Writing ${rows.length} rows`} />}
      {paste.error && (
        <Alert color="red" title="Nothing was written">
          {words(paste.error)}
        </Alert>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button loading={paste.isPending} disabled={blocked || rows.length === 0} onClick={() => paste.mutate()} data-autofocus>
          {rows.length === 0 ? 'Nothing to write' : `Write ${count(cells, 'cell')} in ${count(rows.length, 'row')}`}
        </Button>
      </Group>
    </Stack>
  );
}

function Counts({ plan }: { plan: PastePlan }) {
  const badges = [
    { text: `${count(plan.changes.length, 'row')} changed`, colour: 'lake', shown: plan.changes.length > 0 },
    { text: `${count(plan.inserts.length, 'row')} added`, colour: 'teal', shown: plan.inserts.length > 0 },
    { text: `${count(plan.same, 'cell')} as they are`, colour: 'gray', shown: plan.same > 0 },
    { text: count(plan.problems.length, 'problem'), colour: 'red', shown: plan.problems.length > 0 },
  ];
  return (
    <Group gap="xs">
      {badges
        .filter(({ shown }) => shown)
        .map(({ text, colour }) => (
          <Badge key={text} variant="light" color={colour} tt="none">
            {text}
          </Badge>
        ))}
    </Group>
  );
}

function Problems({ plan }: { plan: PastePlan }) {
  const shown = plan.problems.slice(0, 8);
  return (
    <Alert color="red" title="Mend these cells in the spreadsheet and paste again; nothing is written until then">
      <ul className="plain" aria-label="What can’t be used">
        {shown.map((problem) => (
          <li key={`${problem.line}/${problem.column}/${problem.title}`}>
            line {problem.line}
            {problem.column > 0 ? `, column ${problem.column}` : ''}
            {problem.title === '' ? '' : ` (${problem.title})`}: {problem.text !== '' && <q>{problem.text.slice(0, 40)}</q>} {problem.why}
          </li>
        ))}
        {plan.problems.length > shown.length && <li>and {plan.problems.length - shown.length} more</li>}
      </ul>
    </Alert>
  );
}

function PlannedRows({ rows, columns }: { rows: readonly PlannedRow[]; columns: ReadonlyMap<string, GridColumn> }) {
  const touched = [...columns.values()].filter(({ name }) => rows.some(({ values }) => name in values));
  return (
    <ScrollArea.Autosize mah={300} type="auto" tabIndex={0} aria-label="Preview">
      <Table fz="sm" stickyHeader verticalSpacing={3}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Row</Table.Th>
            {touched.map(({ name, title, numeric }) => (
              <Table.Th key={name} ta={numeric ? 'right' : undefined}>
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.slice(0, SHOWN).map(({ index, row, values }) => (
            <Table.Tr key={index}>
              <Table.Td c="dimmed">{row ? (index + 1).toLocaleString() : 'new'}</Table.Td>
              {touched.map((column) => (
                <Table.Td key={column.name} ta={column.numeric ? 'right' : undefined} className="tabular">
                  {column.name in values && (
                    <>
                      {row && <s className="dimmed">{plainCell(row.values[column.name])}</s>} <strong>{showCell(column, values[column.name]) || '–'}</strong>
                    </>
                  )}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
        {rows.length > SHOWN && <Table.Caption>and {(rows.length - SHOWN).toLocaleString()} more</Table.Caption>}
      </Table>
    </ScrollArea.Autosize>
  );
}

function count(number: number, what: string): string {
  return `${number.toLocaleString()} ${what}${number === 1 ? '' : 's'}`;
}
