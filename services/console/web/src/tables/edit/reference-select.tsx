import { Select, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { GridColumn } from '../columns/grid-column.ts';
import { plainCell } from '../columns/show-cell.ts';
import { useReferenced } from '../editors/use-referenced.ts';

interface ReferenceSelectProps {
  column: GridColumn;
  label: string;
  description: ReactNode;
  error: ReactNode;
  withAsterisk: boolean;
  placeholder: string;
  /** The key as text; '' for nothing. */
  value: string;
  onChange: (value: string) => void;
}

/** A row of the other table in a form, found by name; where that can't be read, its key as text. */
export function ReferenceSelect({ column, value, onChange, ...common }: ReferenceSelectProps) {
  const [search, setSearch] = useState('');
  const { unreadable, rows } = useReferenced(column, search);
  if (unreadable) return <TextInput {...common} value={value} onChange={(event) => onChange(event.currentTarget.value)} />;
  const data = rows.map(({ key, label }) => ({ value: plainCell(key), label }));
  return (
    <Select
      {...common}
      clearable
      searchable
      data={data}
      // The server has found what matches.
      filter={({ options }) => options}
      nothingFoundMessage="Nothing like that"
      value={value === '' ? null : value}
      onSearchChange={setSearch}
      onChange={(next) => onChange(next ?? '')}
    />
  );
}
