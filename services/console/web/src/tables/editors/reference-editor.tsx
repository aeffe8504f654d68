import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { plainCell } from '../columns/show-cell.ts';
import type { EditorProps } from './editor.ts';
import { ListEditor } from './list-editor.tsx';
import { findReferenced, targetQuery } from './reference-target.ts';
import { TextEditor } from './text-editor.tsx';

/** Rows of the other table, found by name; where it can't be read, its key as text. */
export function ReferenceEditor(props: EditorProps) {
  const { column } = props;
  const target = useQuery(targetQuery(column, column.spec.references?.schema ?? '')).data;
  const [search, setSearch] = useState(props.typed ?? '');
  const [settled] = useDebouncedValue(search, 150);
  const found = useQuery({
    queryKey: ['tables', 'referenced', target?.schema, target?.table, target?.key, settled],
    queryFn: ({ signal }) => (target ? findReferenced(target, settled, signal) : []),
    enabled: Boolean(target),
    placeholderData: keepPreviousData,
  });
  if (target === null) return <TextEditor {...props} />;
  const options = (found.data ?? []).map(({ key, label }) => ({ value: key, label, hint: plainCell(key) }));
  const empty = column.required || search !== '' ? [] : [{ value: null, label: '–', hint: 'empty' }];
  return <ListEditor {...props} options={[...options, ...empty]} onSearch={setSearch} pending={found.isPending} />;
}
