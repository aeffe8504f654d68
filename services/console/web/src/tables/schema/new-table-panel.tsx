import { ActionIcon, Button, Collapse, Group, Loader, Paper, Select, Stack, Text } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import type { TableDescription } from '#contracts/http/tables';
import { Message, Problem } from '../../shell/message.tsx';
import { pathOf } from '../table-list.ts';
import { ToolDrawer } from '../tool-drawer.tsx';
import { type ColumnDraft, EMPTY, lacksOf, specOf, TYPE_TITLES } from './column-draft.ts';
import { ColumnFields } from './column-form.tsx';
import { type EditAsked, EditDialog } from './edit-dialog.tsx';
import { useMakableSchemas } from './edits-api.ts';
import { DescriptionField, NameFields } from './name-fields.tsx';
import { emptyTable, lacksOfTable, newTableOf, type TableDraft } from './table-draft.ts';
import './schema.css';

/** A new table: what it is called, its columns, its key. It is tried before it is made, and opened after. */
export function NewTablePanel({ close }: { tables: readonly TableDescription[]; close: () => void }) {
  const schemas = useMakableSchemas();
  const [asked, setAsked] = useState<EditAsked>();
  const navigate = useNavigate();
  return (
    <>
      <ToolDrawer title="New table" width={640} close={close} held={asked !== undefined}>
        {schemas.isPending && <Loader size="sm" aria-label="Loading" />}
        {schemas.isError && <Problem error={schemas.error} retry={() => void schemas.refetch()} />}
        {schemas.data?.length === 0 && (
          <Message title="Not for this role">
            There is no schema in which your role may make tables. An administrator can allow it: grant create on schema … to your role.
          </Message>
        )}
        {schemas.data && schemas.data.length > 0 && <NewTableForm schemas={schemas.data} ask={setAsked} />}
      </ToolDrawer>
      {asked && <EditDialog {...asked} close={() => setAsked(undefined)} done={(table) => table && void navigate(pathOf(table))} />}
    </>
  );
}

function NewTableForm({ schemas, ask }: { schemas: readonly string[]; ask: (asked: EditAsked) => void }) {
  const [draft, setDraft] = useState<TableDraft>(() => emptyTable(schemas[0] ?? ''));
  const [tried, setTried] = useState(false);
  const put = (change: Partial<TableDraft>): void => setDraft({ ...draft, ...change });
  const lacks = lacksOfTable(draft);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (!lacks.any)
      ask({ title: `Make ${draft.label || draft.name}`, edits: [{ op: 'create', table: newTableOf(draft) }], act: 'Make the table', told: 'Made' });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <Names schemas={schemas} draft={draft} put={put} lacking={tried ? lacks.name : undefined} />
        <NewColumns draft={draft} put={put} tried={tried} />
        <Select
          label="Key"
          description="What tells its rows apart"
          allowDeselect={false}
          data={[
            { value: '', label: 'a number of its own (id)' },
            ...draft.columns.filter(({ name }) => name !== '').map(({ name, label }) => ({ value: name, label: label || name })),
          ]}
          value={draft.key}
          onChange={(key) => put({ key: key ?? '' })}
        />
        <Text size="xs" c="dimmed">
          Who made and who last changed each row, and when, is kept by itself.
        </Text>
        <Group justify="flex-end">
          <Button type="submit" size="sm">
            Make …
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface NamesProps {
  schemas: readonly string[];
  draft: TableDraft;
  put: (change: Partial<TableDraft>) => void;
  lacking: string | undefined;
}

function Names({ schemas, draft, put, lacking }: NamesProps) {
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  return (
    <>
      <NameFields draft={draft} put={put} lacking={lacking} isNew first={first} />
      {schemas.length > 1 && (
        <Select label="Schema" allowDeselect={false} data={[...schemas]} value={draft.schema} onChange={(schema) => schema && put({ schema })} />
      )}
      <DescriptionField draft={draft} put={put} />
    </>
  );
}

function NewColumns({ draft, put, tried }: { draft: TableDraft; put: (change: Partial<TableDraft>) => void; tried: boolean }) {
  const [opened, setOpened] = useState(0);
  const set = (index: number, column: ColumnDraft): void => put({ columns: draft.columns.map((each, at) => (at === index ? column : each)) });
  const add = (): void => {
    put({ columns: [...draft.columns, EMPTY] });
    setOpened(draft.columns.length);
  };
  return (
    <Stack gap="xs" component="fieldset" className="bare" aria-label="Columns">
      <Text size="sm" fw={600}>
        Columns
      </Text>
      {draft.columns.map((column, index) => (
        <NewColumn
          // Columns have no identity before they are made but their place.
          key={index}
          place={index + 1}
          schema={draft.schema}
          column={column}
          set={(next) => set(index, next)}
          drop={draft.columns.length === 1 ? undefined : () => put({ columns: draft.columns.filter((_, at) => at !== index) })}
          tried={tried}
          open={opened === index}
          toggle={() => setOpened(opened === index ? -1 : index)}
        />
      ))}
      <Group>
        <Button size="xs" variant="default" leftSection={<IconPlus size={15} />} onClick={add}>
          Another column
        </Button>
      </Group>
    </Stack>
  );
}

interface NewColumnProps {
  place: number;
  schema: string;
  column: ColumnDraft;
  set: (column: ColumnDraft) => void;
  /** Undefined for the only one. */
  drop: (() => void) | undefined;
  tried: boolean;
  open: boolean;
  toggle: () => void;
}

function NewColumn({ place, schema, column, set, drop, tried, open, toggle }: NewColumnProps) {
  const lacks = lacksOf(column);
  const shown = open || (tried && Object.keys(lacks).length > 0);
  const title = column.label || column.name || `Column ${place}`;
  return (
    <Paper className="panel" p="sm" component="section" aria-label={title}>
      <Group justify="space-between" mb={shown ? 'xs' : 0} wrap="nowrap">
        <Text size="sm" className="cut">
          <b>{title}</b>{' '}
          <span className="dimmed">
            {TYPE_TITLES[column.type]}
            {specOf(column).required ? ', required' : ''}
          </span>
        </Text>
        <Group gap={4} wrap="nowrap">
          <Button size="compact-xs" variant="subtle" onClick={toggle} aria-expanded={shown} aria-label={`${shown ? 'Fold' : 'Open'} ${title}`}>
            {shown ? 'Fold' : 'Open'}
          </Button>
          {drop && (
            <ActionIcon variant="subtle" color="gray" aria-label={`Leave ${title} out`} onClick={drop}>
              <IconTrash size={15} />
            </ActionIcon>
          )}
        </Group>
      </Group>
      <Collapse expanded={shown}>
        <Stack gap="sm">
          <ColumnFields schema={schema} draft={column} set={set} lacks={tried ? lacks : {}} isNew />
        </Stack>
      </Collapse>
    </Paper>
  );
}
