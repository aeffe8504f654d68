import type { TableDescription } from '#contracts/http/tables';
import { formatValue } from '../../subjects/format-value.ts';
import { fileOf } from '../columns/file-cell.ts';
import { FileName } from '../files/file-name.tsx';
import { type ColumnDiff, titleIn } from './change-words.ts';

interface DiffTableProps {
  table: TableDescription;
  diff: readonly ColumnDiff[];
  /** Which sides there are: a row that was added has no before. */
  sides: 'both' | 'before' | 'after';
  label: string;
  heads?: readonly [before: string, after: string];
}

/** Values before and after, a line for each column. */
export function DiffTable({ table, diff, sides, label, heads = ['Before', 'After'] }: DiffTableProps) {
  const [before, after] = heads;
  return (
    <table className="diff" aria-label={label}>
      <thead className={sides === 'both' ? undefined : 'unseen'}>
        <tr>
          <th scope="col">Column</th>
          {sides !== 'after' && <th scope="col">{before}</th>}
          {sides !== 'before' && <th scope="col">{after}</th>}
        </tr>
      </thead>
      <tbody>
        {diff.map((each) => (
          <tr key={each.column}>
            <th scope="row">{titleIn(table, each.column)}</th>
            {sides !== 'after' && <Value table={table} column={each.column} value={each.before} side="before" />}
            {sides !== 'before' && <Value table={table} column={each.column} value={each.after} side="after" />}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Value({ table, column, value, side }: { table: TableDescription; column: string; value: unknown; side: 'before' | 'after' }) {
  const type = table.columns.find(({ name }) => name === column)?.sqlType ?? 'text';
  const file = type === 'lakeloop.file' ? fileOf(JSON.stringify(value)) : undefined;
  const empty = value === null || value === undefined;
  return <td className={empty ? 'empty' : side}>{empty ? 'empty' : file ? <FileName file={file} /> : formatValue(value, type)}</td>;
}
