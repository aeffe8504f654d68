import { Button, Group, Select, SimpleGrid, Stack, Switch, TagsInput, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { ColumnSpec } from '#contracts/http/tables';
import { type ColumnDraft, type ColumnType, draftOf, EMPTY, lacksOf, takes, TYPE_TITLES } from './column-draft.ts';
import { DescriptionField, NameFields } from './name-fields.tsx';
import { TargetField } from './target-field.tsx';

const TYPES = Object.entries(TYPE_TITLES).map(([value, label]) => ({ value, label }));
/** A column of files stays one, and no other becomes one. */
const OF_FILES = TYPES.filter(({ value }) => value === 'file');
const OF_VALUES = TYPES.filter(({ value }) => value !== 'file');

interface ColumnFormProps {
  /** Of the table; references are to a table of it where nothing else is said. */
  schema: string;
  /** Undefined: a new one. */
  before: ColumnSpec | undefined;
  act: string;
  submit: (draft: ColumnDraft) => void;
  cancel: () => void;
}

/** Everything that a column may say of itself. */
export function ColumnForm({ schema, before, act, submit, cancel }: ColumnFormProps) {
  const [draft, setDraft] = useState(() => (before ? draftOf(before) : EMPTY));
  const [tried, setTried] = useState(false);
  const lacks = lacksOf(draft);
  const send = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(lacks).length === 0) submit(draft);
  };
  return (
    <form onSubmit={send} noValidate>
      <Stack gap="sm">
        <ColumnFields schema={schema} draft={draft} set={setDraft} lacks={tried ? lacks : {}} isNew={before === undefined} />
        <Group justify="flex-end">
          <Button variant="default" size="xs" onClick={cancel}>
            Back
          </Button>
          <Button type="submit" size="xs">
            {act}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export interface FieldsProps {
  schema: string;
  draft: ColumnDraft;
  set: (draft: ColumnDraft) => void;
  lacks: Partial<Record<keyof ColumnDraft, string>>;
  isNew: boolean;
}

export function ColumnFields({ schema, draft, set, lacks, isNew }: FieldsProps) {
  const put = (change: Partial<ColumnDraft>): void => set({ ...draft, ...change });
  const types = isNew ? TYPES : draft.type === 'file' ? OF_FILES : OF_VALUES;
  return (
    <>
      <NameFields draft={draft} put={put} lacking={lacks.name} isNew={isNew} />
      <Select label="Type" data={types} allowDeselect={false} searchable value={draft.type} onChange={(type) => type && put({ type: type as ColumnType })} />
      <Rules schema={schema} draft={draft} put={put} lacks={lacks} />
      <Group gap="lg">
        <Switch label="Required" checked={draft.required} onChange={(event) => put({ required: event.currentTarget.checked })} />
        {takes(draft.type, 'unique') && <Switch label="Unique" checked={draft.unique} onChange={(event) => put({ unique: event.currentTarget.checked })} />}
      </Group>
      <DescriptionField draft={draft} put={put} />
    </>
  );
}

interface RulesProps {
  schema: string;
  draft: ColumnDraft;
  put: (change: Partial<ColumnDraft>) => void;
  lacks: Partial<Record<keyof ColumnDraft, string>>;
}

/** What the column's type lets one ask of its values. */
function Rules({ schema, draft, put, lacks }: RulesProps) {
  const { type } = draft;
  const text = (name: 'min' | 'max' | 'precision' | 'scale' | 'pattern' | 'default', label: string, description?: string) => (
    <TextInput
      label={label}
      {...(description === undefined ? {} : { description })}
      type={isDated(type) && (name === 'min' || name === 'max' || name === 'default') ? (type === 'date' ? 'date' : 'datetime-local') : 'text'}
      value={draft[name]}
      error={lacks[name]}
      onChange={(event) => put({ [name]: event.currentTarget.value })}
    />
  );
  return (
    <>
      {takes(type, 'options') && (
        <TagsInput
          label="Values"
          description="Enter after each"
          required
          splitChars={[',', ';', '\n']}
          value={[...draft.options]}
          error={lacks.options}
          onChange={(options) => put({ options })}
        />
      )}
      {takes(type, 'target') && <TargetField schema={schema} value={draft.target} set={(target) => put({ target })} error={lacks.target} />}
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        {takes(type, 'digits') && text('precision', 'Digits in all')}
        {takes(type, 'digits') && text('scale', 'Digits behind the point')}
        {takes(type, 'range') && text('min', 'At least')}
        {takes(type, 'range') && text('max', 'At most')}
        {takes(type, 'pattern') && text('pattern', 'Pattern', 'Regular expression of PostgreSQL')}
        {takes(type, 'default') &&
          (type === 'boolean' ? (
            <YesNo value={draft.default} set={(value) => put({ default: value })} />
          ) : (
            text('default', 'Default', takes(type, 'pattern') ? 'Where nothing is said' : undefined)
          ))}
      </SimpleGrid>
      {type === 'json' && (
        <Text size="xs" c="dimmed">
          Any JSON value; nothing else is asked of it.
        </Text>
      )}
    </>
  );
}

function YesNo({ value, set }: { value: string; set: (value: string) => void }) {
  return (
    <Select
      label="Default"
      clearable
      placeholder="none"
      data={[
        { value: 'true', label: 'yes' },
        { value: 'false', label: 'no' },
      ]}
      value={value === '' ? null : value}
      onChange={(next) => set(next ?? '')}
    />
  );
}

function isDated(type: ColumnType): boolean {
  return type === 'date' || type === 'timestamp';
}
