import { Button, Drawer, Group, Loader, Select, Stack, Switch, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { deleteRows, insertRow, newIntent, readVersioned, updateVersioned, type Versioned } from '../api/rows.ts';
import { Message } from '../shell/message.tsx';
import { Refusal } from '../subjects/flag-dialog.tsx';
import { SCHEMA, usePlanning } from './planning-data.ts';
import { changeOf, isComplete, keyQuery, type PremiseField, type PremiseKind, shownOf, type Values, valuesOf } from './premises.ts';

interface PremiseDrawerProps {
  kind: PremiseKind;
  may: boolean;
  /** The row as the table shows it. */
  opened: Values | 'new' | undefined;
  close: () => void;
}

/** One row of the premises: to be read by everybody, stated, changed and taken back by those who may. */
export function PremiseDrawer({ kind, may, opened, close }: PremiseDrawerProps) {
  const title = opened === 'new' ? `New ${kind.one}` : kind.one.charAt(0).toUpperCase() + kind.one.slice(1);
  return (
    <Drawer opened={opened !== undefined} onClose={close} position="right" size={420} title={<b>{title}</b>}>
      {opened === 'new' && <PremiseForm kind={kind} before={undefined} close={close} />}
      {opened !== undefined && opened !== 'new' && (may ? <Existing kind={kind} shown={opened} close={close} /> : <Facts kind={kind} values={opened} />)}
    </Drawer>
  );
}

function Facts({ kind, values }: { kind: PremiseKind; values: Values }) {
  const { reference } = usePlanning();
  return (
    <dl className="facts">
      {kind.fields.map((field) => (
        <div key={field.name} style={{ display: 'contents' }}>
          <dt>{field.label}</dt>
          <dd>{shownOf(field, reference, values[field.name] ?? '') || '–'}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The row as it is now, and its version: what somebody else changes meanwhile is not overwritten. */
function Existing({ kind, shown, close }: { kind: PremiseKind; shown: Values; close: () => void }) {
  const row = useQuery({
    queryKey: ['planning', 'premise', kind.table, keyQuery(kind, shown).toString()],
    queryFn: async ({ signal }) => (await readVersioned(SCHEMA, kind.table, keyQuery(kind, shown), signal)) ?? null,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  if (row.isError) return <Refusal error={row.error} />;
  if (row.isPending) return <Loader aria-label="Loading" size="sm" />;
  if (row.data === null) return <Message title="Gone">Somebody took this {kind.one} back.</Message>;
  return <PremiseForm kind={kind} before={row.data} close={close} />;
}

/** Saving what the form says, and taking the row back. */
function useActs(kind: PremiseKind, before: Versioned | undefined, was: Values | undefined, close: () => void) {
  const [intent, setIntent] = useState(() => newIntent());
  const done = (title: string) => (): void => {
    notifications.show({ color: 'teal', title, message: '', autoClose: 3_000 });
    close();
  };
  const onSettled = (): void => setIntent(newIntent());
  const saving = useMutation({
    mutationFn: (values: Values): Promise<unknown> => {
      if (!before || !was) return insertRow(SCHEMA, kind.table, changeOf(kind, values), intent);
      return updateVersioned({ schema: SCHEMA, table: kind.table, key: keyQuery(kind, was), etag: before.etag }, changeOf(kind, values, was), intent);
    },
    onSuccess: done('Saved'),
    onSettled,
  });
  const removing = useMutation({
    mutationFn: () => deleteRows(SCHEMA, kind.table, keyQuery(kind, was ?? {}), intent),
    onSuccess: done('Taken back'),
    onSettled,
  });
  return { saving, removing, error: saving.error ?? removing.error };
}

function PremiseForm({ kind, before, close }: { kind: PremiseKind; before: Versioned | undefined; close: () => void }) {
  const was = before && valuesOf(kind, before.row);
  const [values, setValues] = useState<Values>(() => valuesOf(kind, before?.row));
  const { saving, removing, error } = useActs(kind, before, was, close);
  const ready = isComplete(kind, values) && (was === undefined || Object.keys(changeOf(kind, values, was)).length > 0);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (ready) saving.mutate(values);
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        {kind.fields.map((field) => (
          <Field
            key={field.name}
            field={field}
            fixed={before !== undefined && kind.key.includes(field.name)}
            value={values[field.name] ?? ''}
            set={(value) => setValues({ ...values, [field.name]: value })}
          />
        ))}
        {error && <Refusal error={error} />}
        <Group justify={before ? 'space-between' : 'flex-end'} mt="xs">
          {before && (
            <Button size="xs" variant="subtle" color="red" loading={removing.isPending} onClick={() => removing.mutate()}>
              Take back
            </Button>
          )}
          <Button type="submit" size="xs" loading={saving.isPending} disabled={!ready}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface FieldProps {
  field: PremiseField;
  /** A part of the key of a row that is there. */
  fixed: boolean;
  value: string;
  set: (value: string) => void;
}

function Field({ field, fixed, value, set }: FieldProps) {
  const { reference } = usePlanning();
  const options = field.options?.(reference);
  const shared = { size: 'sm', label: field.label, description: field.about, required: field.required ?? false, disabled: fixed } as const;
  if (field.type === 'flag')
    return <Switch label={field.label} mt="xs" checked={value === 'true'} onChange={(event) => set(String(event.currentTarget.checked))} />;
  if (options)
    return (
      <Select
        {...shared}
        searchable
        clearable={!field.required}
        allowDeselect={!field.required}
        value={value === '' ? null : value}
        data={[...options]}
        onChange={(next) => set(next ?? '')}
      />
    );
  return <TextInput {...shared} value={value} maxLength={4000} onChange={(event) => set(event.currentTarget.value)} />;
}
