import { useState } from 'react';
import { plainCell } from '../columns/show-cell.ts';
import type { EditorProps } from './editor.ts';
import { ListEditor } from './list-editor.tsx';
import { TextEditor } from './text-editor.tsx';
import { useReferenced } from './use-referenced.ts';

/** Rows of the other table, found by name; where it can't be read, its key as text. */
export function ReferenceEditor(props: EditorProps) {
  const { column } = props;
  const [search, setSearch] = useState(props.draft.text ?? '');
  const { unreadable, rows, pending } = useReferenced(column, search);
  if (unreadable) return <TextEditor {...props} />;
  const options = rows.map(({ key, label }) => ({ value: key, label, hint: plainCell(key) }));
  const empty = column.required || search !== '' ? [] : [{ value: null, label: '–', hint: 'empty' }];
  return <ListEditor {...props} options={[...options, ...empty]} onSearch={setSearch} pending={pending} />;
}
