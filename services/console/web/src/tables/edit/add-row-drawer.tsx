import { Alert, Button, Drawer, Group, MultiSelect, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { CellValue, GridColumn } from '../columns/grid-column.ts';
import { readCell } from '../columns/read-cell.ts';
import { localHabits } from '../columns/read-time.ts';
import { FileField } from '../files/file-field.tsx';
import type { Values } from '../rows/grid-row.ts';
import { ReferenceSelect } from './reference-select.tsx';

const HABITS = localHabits();

interface AddRowProps {
  opened: boolean;
  close: () => void;
  columns: readonly GridColumn[];
  /** Throws a refusal. */
  add: (values: Values) => Promise<void>;
  words: (error: unknown) => string;
}

/** A form for a new row. What is left empty gets the column's default. */
export function AddRowDrawer({ opened, close, ...props }: AddRowProps) {
  return (
    <Drawer opened={opened} onClose={close} position="right" title="Add a row" returnFocus={false}>
      {opened && <AddRowForm close={close} {...props} />}
    </Drawer>
  );
}

function AddRowForm({ close, columns, add, words }: Omit<AddRowProps, 'opened'>) {
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const fields = columns.filter(({ insertable }) => insertable);
  const adding = useMutation({ mutationFn: add, onSuccess: close });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const { values, wrong } = readFields(fields, texts);
    setProblems(wrong);
    if (Object.keys(wrong).length === 0) adding.mutate(values);
  };
  const put = (name: string, text: string): void => {
    setTexts((before) => ({ ...before, [name]: text }));
    setProblems(({ [name]: _gone, ...others }) => others);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        {fields.map((column, at) => (
          <Field
            key={column.name}
            column={column}
            first={at === 0}
            text={texts[column.name] ?? ''}
            problem={problems[column.name]}
            put={(text) => put(column.name, text)}
          />
        ))}
        {adding.error && (
          <Alert color="red" title="The row was not added">
            {words(adding.error)}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={adding.isPending}>
            Add the row
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function readFields(fields: readonly GridColumn[], texts: Readonly<Record<string, string>>): { values: Values; wrong: Record<string, string> } {
  const values: Record<string, CellValue> = {};
  const wrong: Record<string, string> = {};
  for (const column of fields) {
    const text = texts[column.name] ?? '';
    // A default fills what is left empty.
    if (text === '' && (!column.required || column.spec.default !== undefined)) continue;
    const reading = readCell(column, text, HABITS);
    if ('problem' in reading) wrong[column.name] = reading.problem;
    else values[column.name] = reading.value;
  }
  return { values, wrong };
}

interface FieldProps {
  column: GridColumn;
  first: boolean;
  text: string;
  problem: string | undefined;
  put: (text: string) => void;
}

function Field({ column, first, text, problem, put }: FieldProps) {
  const { title, kind, required, spec } = column;
  const common = {
    label: title,
    description: spec.description,
    withAsterisk: required && spec.default === undefined,
    error: problem,
    placeholder: spec.default === undefined ? '' : `${String(spec.default)} (default)`,
    'data-autofocus': first || undefined,
  };
  if (kind === 'reference') return <ReferenceSelect column={column} {...common} value={text} onChange={put} />;
  if (kind === 'boolean') return <Select {...common} clearable data={['yes', 'no']} value={text === '' ? null : text} onChange={(next) => put(next ?? '')} />;
  if (kind === 'choice')
    return <Select {...common} clearable searchable data={[...(spec.options ?? [])]} value={text === '' ? null : text} onChange={(next) => put(next ?? '')} />;
  if (kind === 'multi-choice')
    return <MultiSelect {...common} data={[...(spec.options ?? [])]} value={text === '' ? [] : text.split(', ')} onChange={(next) => put(next.join(', '))} />;
  if (kind === 'file') return <FileField {...common} value={text} onChange={put} />;
  if (kind === 'json') return <Textarea {...common} autosize minRows={2} maxRows={10} value={text} onChange={(event) => put(event.currentTarget.value)} />;
  return (
    <TextInput
      {...common}
      inputMode={column.numeric ? 'decimal' : 'text'}
      placeholder={common.placeholder || { date: '2026-01-31', timestamp: '2026-01-31 14:30' }[kind as string]}
      value={text}
      onChange={(event) => put(event.currentTarget.value)}
    />
  );
}
