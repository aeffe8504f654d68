import { Alert, Code, Stack, Tabs, Text } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { SchemaEdit, TableDescription } from '#contracts/http/tables';
import '../history/history.css';
import { columnTitle, pathOf, titleOf } from '../table-list.ts';
import type { TableToolProps } from '../table-tool.ts';
import { ToolDrawer } from '../tool-drawer.tsx';
import { changeOf, type ColumnDraft, specOf } from './column-draft.ts';
import { ColumnForm } from './column-form.tsx';
import { ColumnList } from './column-list.tsx';
import { type EditAsked, EditDialog } from './edit-dialog.tsx';
import { EditList } from './edit-list.tsx';
import { EditInSteps } from './edit-progress.tsx';
import { editInWords } from './edit-words.ts';
import type { Edit } from './edits-api.ts';
import './schema.css';
import { TableForm } from './table-form.tsx';

type Column = TableDescription['columns'][number];

/** A table's design: columns, what it is called, and who edited it. Every edit is tried before it is made. */
export function SchemaPanel({ table, close, refresh }: TableToolProps) {
  const [asked, setAsked] = useState<EditAsked>();
  const [opened, setOpened] = useState<Column | 'new'>();
  const navigate = useNavigate();
  const { edit: may } = table.may;
  const done = (after: TableDescription | null): void => {
    setOpened(undefined);
    refresh();
    if (after && (after.name !== table.name || after.schema !== table.schema)) void navigate(`${pathOf(after)}?panel=design`, { replace: true });
  };
  return (
    <>
      <ToolDrawer title={`Design of ${titleOf(table)}`} width={640} close={close} held={asked !== undefined}>
        <Stack gap="sm">
          {!may && <ReadOnly table={table} />}
          <EditInSteps table={table} />
          <Tabs defaultValue="columns" keepMounted={false}>
            <Tabs.List mb="sm">
              <Tabs.Tab value="columns">Columns</Tabs.Tab>
              <Tabs.Tab value="table">Table</Tabs.Tab>
              <Tabs.Tab value="edits">Edits</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="columns">
              <Columns table={table} opened={opened} open={setOpened} ask={setAsked} />
            </Tabs.Panel>
            <Tabs.Panel value="table">
              <TableForm key={table.version} table={table} may={may} ask={setAsked} />
            </Tabs.Panel>
            <Tabs.Panel value="edits">
              <EditList table={table} may={may} revert={(edit) => setAsked(revertal(table, edit))} />
            </Tabs.Panel>
          </Tabs>
        </Stack>
      </ToolDrawer>
      {asked && <EditDialog {...asked} close={() => setAsked(undefined)} done={done} />}
    </>
  );
}

interface ColumnsProps {
  table: TableDescription;
  opened: Column | 'new' | undefined;
  open: (column: Column | 'new' | undefined) => void;
  ask: (asked: EditAsked) => void;
}

function Columns({ table, opened, open, ask }: ColumnsProps) {
  const { edit: may } = table.may;
  if (opened !== undefined && may)
    return (
      <ColumnForm
        schema={table.schema}
        before={opened === 'new' ? undefined : opened}
        act={opened === 'new' ? 'Add …' : 'Change …'}
        cancel={() => open(undefined)}
        submit={(draft) => (opened === 'new' ? ask(addition(table, draft)) : askChange(table, opened, draft, ask, open))}
      />
    );
  return (
    <ColumnList
      key={table.version}
      table={table}
      may={may}
      add={() => open('new')}
      open={(column) => may && open(column)}
      drop={(column) =>
        ask({ title: `Drop ${columnTitle(column)}`, edits: [{ op: 'drop-column', table, column: column.name }], act: 'Drop the column', told: 'Dropped' })
      }
      reorder={(columns) =>
        ask({ title: 'Another order of the columns', edits: [{ op: 'reorder', table, columns }], act: 'Keep this order', told: 'Reordered' })
      }
    />
  );
}

function revertal(table: TableDescription, edit: SchemaEdit): EditAsked {
  return { title: `Take back: ${editInWords(edit, table)}`, edits: [{ op: 'revert', table, edit: edit.id }], act: 'Take back', told: 'Taken back' };
}

function addition(table: TableDescription, draft: ColumnDraft): EditAsked {
  const column = specOf(draft);
  return { title: `Add ${columnTitle(column)}`, edits: [{ op: 'add-column', table, column }], act: 'Add the column', told: 'Added' };
}

/** A new name is an edit of its own, and goes last: what comes before it finds the column under its old one. */
function askChange(table: TableDescription, before: Column, draft: ColumnDraft, ask: ColumnsProps['ask'], open: ColumnsProps['open']): void {
  const change = changeOf(before, draft);
  const to = draft.name.trim();
  const edits: Edit[] = [
    ...(Object.keys(change).length === 0 ? [] : [{ op: 'change-column' as const, table, column: before.name, change }]),
    ...(to === before.name ? [] : [{ op: 'rename-column' as const, table, column: before.name, to }]),
  ];
  if (edits.length === 0) open(undefined);
  else ask({ title: `Change ${columnTitle(before)}`, edits, act: 'Change the column', told: 'Changed' });
}

function ReadOnly({ table: { schema } }: { table: TableDescription }) {
  return (
    <Alert color="gray" title="To be read only">
      <Text size="sm">
        Your role may not create or edit tables in {schema}. An administrator can allow it: <Code>grant create on schema {schema} to …</Code>
      </Text>
    </Alert>
  );
}
