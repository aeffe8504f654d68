import type { ColumnSpec } from '#contracts/http/tables';
import type { Call } from '../http.ts';
import { type TableName, tablePath } from './table-name.ts';

/** A table that is to be made. */
export interface NewTable extends TableName {
  columns: readonly ColumnSpec[];
  /** Columns of the primary key; without it the table has a numbered `id`. */
  key?: readonly string[];
  label?: string;
  description?: string;
}

/** What may be changed of a column; null takes it away. */
export type ColumnChange = { [K in Exclude<keyof ColumnSpec, 'name'>]?: ColumnSpec[K] | null };

/** An edit of a table that is there. */
export type TableEdit =
  | { op: 'adopt' | 'archive' | 'restore' }
  | { op: 'rename'; to: string }
  | { op: 'describe'; label?: string | null; description?: string | null }
  | { op: 'reorder'; columns: readonly string[] }
  /** How long its history is kept: ISO 8601, at least a day; null: for ever. */
  | { op: 'keep-history'; keep: string | null }
  | { op: 'add-column'; column: ColumnSpec }
  | { op: 'rename-column'; column: string; to: string }
  | { op: 'change-column'; column: string; change: ColumnChange }
  | { op: 'drop-column'; column: string }
  /** Takes an edit of the past back, by its id. */
  | { op: 'revert'; edit: string };

type EditCall = Required<Pick<Call, 'method'>> & Pick<Call, 'body'> & { path: string };

/** The request that an edit is. */
export function callOf(table: TableName, edit: TableEdit): EditCall {
  switch (edit.op) {
    case 'adopt':
    case 'archive':
    case 'restore':
      return { method: 'POST', path: tablePath(table, edit.op), body: {} };
    case 'rename':
      return { method: 'PATCH', path: tablePath(table), body: { name: edit.to } };
    case 'describe': {
      const { label, description } = edit;
      return {
        method: 'PATCH',
        path: tablePath(table),
        body: { ...(label === undefined ? {} : { label }), ...(description === undefined ? {} : { description }) },
      };
    }
    case 'keep-history':
      return { method: 'PATCH', path: tablePath(table), body: { history: { keep: edit.keep } } };
    case 'reorder':
      return { method: 'PATCH', path: tablePath(table), body: { columns: edit.columns } };
    case 'add-column':
      return { method: 'POST', path: tablePath(table, 'columns'), body: edit.column };
    case 'rename-column':
      return { method: 'PATCH', path: tablePath(table, 'columns', edit.column), body: { name: edit.to } };
    case 'change-column':
      return { method: 'PATCH', path: tablePath(table, 'columns', edit.column), body: edit.change };
    case 'drop-column':
      return { method: 'DELETE', path: tablePath(table, 'columns', edit.column) };
    case 'revert':
      return { method: 'POST', path: tablePath(table, 'edits', edit.edit, 'revert'), body: {} };
  }
}
