import { Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { GridColumn } from '../columns/grid-column.ts';
import { plainCell } from '../columns/show-cell.ts';
import { findReferenced, targetQuery } from '../editors/reference-target.ts';

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
  const target = useQuery(targetQuery(column, column.spec.references?.schema ?? '')).data;
  const [search, setSearch] = useState('');
  const [settled] = useDebouncedValue(search, 150);
  const found = useQuery({
    queryKey: ['tables', 'referenced', target?.schema, target?.table, target?.key, settled],
    queryFn: ({ signal }) => (target ? findReferenced(target, settled, signal) : []),
    enabled: Boolean(target),
    placeholderData: keepPreviousData,
  });
  if (target === null) return <TextInput {...common} value={value} onChange={(event) => onChange(event.currentTarget.value)} />;
  const data = (found.data ?? []).map(({ key, label }) => ({ value: plainCell(key), label }));
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
