import { Alert, Button, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { TableDescription } from '#contracts/http/tables';
import { titleOf } from '../table-list.ts';
import type { EditAsked } from './edit-dialog.tsx';
import type { Edit } from './edits-api.ts';

interface TableFormProps {
  table: TableDescription;
  may: boolean;
  ask: (asked: EditAsked) => void;
}

/** What the table is called and said to be; adopting, archiving, restoring it. */
export function TableForm({ table, may, ask }: TableFormProps) {
  return (
    <Stack gap="lg">
      <Described table={table} may={may} ask={ask} />
      <Keeping table={table} may={may} ask={ask} />
    </Stack>
  );
}

function Described({ table, may, ask }: TableFormProps) {
  const [label, setLabel] = useState(table.label ?? '');
  const [name, setName] = useState(table.name);
  const [description, setDescription] = useState(table.description ?? '');
  const edits = editsOf(table, { label: label.trim(), name: name.trim(), description: description.trim() });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (edits.length > 0 && name.trim() !== '') ask({ title: `Change ${titleOf(table)}`, edits, act: 'Change', told: 'Changed' });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label="Label"
          description="What people call it"
          readOnly={!may}
          maxLength={200}
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
        <TextInput
          label="Name"
          description="In SQL and in the API. A new one is a new address, and a new change topic."
          required
          readOnly={!may}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Textarea
          label="Description"
          autosize
          minRows={2}
          maxRows={8}
          readOnly={!may}
          maxLength={2000}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        {may && (
          <Group justify="flex-end">
            <Button type="submit" size="xs" disabled={edits.length === 0 || name.trim() === ''}>
              Change
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}

/** The name goes last: what comes before it finds the table under its old one. */
function editsOf(table: TableDescription, { label, name, description }: { label: string; name: string; description: string }): Edit[] {
  const described = {
    ...(label === (table.label ?? '') ? {} : { label: label || null }),
    ...(description === (table.description ?? '') ? {} : { description: description || null }),
  };
  return [
    ...(Object.keys(described).length === 0 ? [] : [{ op: 'describe' as const, table, ...described }]),
    ...(name === table.name ? [] : [{ op: 'rename' as const, table, to: name }]),
  ];
}

function Keeping({ table, may, ask }: TableFormProps) {
  const title = titleOf(table);
  if (!may) return null;
  if (!table.adopted && !table.archived)
    return (
      <Alert title="Not adopted" color="blue">
        <Text size="sm">
          SQL made this table. Once it is adopted, every change of its rows is kept with who and why, can be undone, and is in the change stream.
        </Text>
        <Button mt="sm" size="xs" onClick={() => ask({ title: `Adopt ${title}`, edits: [{ op: 'adopt', table }], act: 'Adopt', told: 'Adopted' })}>
          Adopt it
        </Button>
      </Alert>
    );
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text size="sm" c="dimmed">
        {table.archived
          ? 'Archived: out of sight and out of the row API, with its rows, grants and history.'
          : 'Archiving puts it out of sight, and keeps its rows, grants and history.'}
      </Text>
      {table.archived ? (
        <Button size="xs" onClick={() => ask({ title: `Restore ${title}`, edits: [{ op: 'restore', table }], act: 'Restore', told: 'Restored' })}>
          Restore
        </Button>
      ) : (
        <Button
          size="xs"
          variant="default"
          onClick={() => ask({ title: `Archive ${title}`, edits: [{ op: 'archive', table }], act: 'Archive', told: 'Archived' })}
        >
          Archive
        </Button>
      )}
    </Group>
  );
}
