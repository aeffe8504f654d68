import { FileEditor } from '../files/file-editor.tsx';
import type { EditorProps } from './editor.ts';
import { JsonEditor } from './json-editor.tsx';
import { ListEditor, type Option } from './list-editor.tsx';
import { ReferenceEditor } from './reference-editor.tsx';
import { TextEditor } from './text-editor.tsx';

const YES_NO: readonly Option[] = [
  { value: true, label: 'yes' },
  { value: false, label: 'no' },
];
const NOTHING: Option = { value: null, label: '–', hint: 'empty' };

/** The editor of a column's type. */
export function CellEditor(props: EditorProps) {
  const { column } = props;
  const empty = column.required ? [] : [NOTHING];
  switch (column.kind) {
    case 'boolean':
      return <ListEditor {...props} options={[...YES_NO, ...empty]} />;
    case 'choice':
      return <ListEditor {...props} options={[...optionsOf(column.spec.options), ...empty]} />;
    case 'multi-choice':
      return <ListEditor {...props} options={optionsOf(column.spec.options)} several />;
    case 'json':
      return <JsonEditor {...props} />;
    case 'file':
      return <FileEditor {...props} />;
    case 'reference':
      return <ReferenceEditor {...props} />;
    default:
      return <TextEditor {...props} />;
  }
}

function optionsOf(options: readonly string[] | undefined): Option[] {
  return (options ?? []).map((option) => ({ value: option, label: option }));
}
