import { queryOptions, useQuery } from '@tanstack/react-query';
import type { ColumnSpec, EditList, EditReport, TableDescription, TableList } from '#contracts/http/tables';
import { type JsonValue, stringifyJson } from '#contracts/topics/json';
import { readJson, request } from '../../api/request.ts';

type Named = Pick<TableDescription, 'schema' | 'name'>;

/** What may be changed of a column; null takes it away. */
export type ColumnChange = { [K in Exclude<keyof ColumnSpec, 'name'>]?: ColumnSpec[K] | null };

/** A table that is to be made. */
export interface NewTable {
  schema: string;
  name: string;
  label?: string;
  description?: string;
  columns: readonly ColumnSpec[];
  key?: readonly string[];
}

/** An edit of a schema that can be tried, and made. */
export type Edit =
  | { op: 'create'; table: NewTable }
  | { op: 'adopt' | 'archive' | 'restore'; table: Named }
  | { op: 'rename'; table: Named; to: string }
  | { op: 'describe'; table: Named; label?: string | null; description?: string | null }
  | { op: 'reorder'; table: Named; columns: readonly string[] }
  | { op: 'add-column'; table: Named; column: ColumnSpec }
  | { op: 'rename-column'; table: Named; column: string; to: string }
  | { op: 'change-column'; table: Named; column: string; change: ColumnChange }
  | { op: 'drop-column'; table: Named; column: string }
  | { op: 'revert'; table: Named; edit: string };

interface Call {
  method: 'POST' | 'PATCH' | 'DELETE';
  /** Below `/v1/tables`. */
  path: string;
  body?: unknown;
}

/** The request that an edit is. */
export function callOf(edit: Edit): Call {
  if (edit.op === 'create') {
    const { schema: _schema, ...body } = edit.table;
    return { method: 'POST', path: '', body };
  }
  const table = `/${encodeURIComponent(edit.table.name)}`;
  switch (edit.op) {
    case 'adopt':
    case 'archive':
    case 'restore':
      return { method: 'POST', path: `${table}/${edit.op}`, body: {} };
    case 'rename':
      return { method: 'PATCH', path: table, body: { name: edit.to } };
    case 'describe': {
      const { op: _op, table: _table, ...body } = edit;
      return { method: 'PATCH', path: table, body };
    }
    case 'reorder':
      return { method: 'PATCH', path: table, body: { columns: edit.columns } };
    case 'add-column':
      return { method: 'POST', path: `${table}/columns`, body: edit.column };
    case 'rename-column':
      return { method: 'PATCH', path: `${table}/columns/${encodeURIComponent(edit.column)}`, body: { name: edit.to } };
    case 'change-column':
      return { method: 'PATCH', path: `${table}/columns/${encodeURIComponent(edit.column)}`, body: edit.change };
    case 'drop-column':
      return { method: 'DELETE', path: `${table}/columns/${encodeURIComponent(edit.column)}` };
    case 'revert':
      return { method: 'POST', path: `${table}/edits/${encodeURIComponent(edit.edit)}/revert`, body: {} };
  }
}

/** Makes an edit, or begins one that goes on in steps (`applied` is false), or says what it would do. Throws `ApiError`: 409 `rows-in-the-way` while there are rows that it would break. */
export async function makeEdit(edit: Edit, { dryRun, reason = '' }: { dryRun: boolean; reason?: string }): Promise<EditReport> {
  const { method, path, body } = callOf(edit);
  const query = new URLSearchParams({ schema: edit.table.schema, ...(dryRun ? { dryRun: 'true' } : {}) });
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(reason.trim() === '' ? {} : { 'lakeloop-reason': encodeURIComponent(reason.trim()) }),
  };
  const sent = body === undefined ? {} : { body: stringifyJson(body as JsonValue) };
  return readJson<EditReport>(await request(`/v1/tables${path}?${query}`, { method, headers, ...sent }));
}

export async function fetchEdits({ schema, name }: Named, signal: AbortSignal): Promise<EditList> {
  return readJson<EditList>(await request(`/v1/tables/${encodeURIComponent(name)}/edits?${new URLSearchParams({ schema })}`, { signal }));
}

/** A table's edits: those that went through, and the newest in steps. */
export function editsQuery({ schema, name }: Named) {
  return queryOptions({
    queryKey: ['tables', 'edits', schema, name],
    queryFn: ({ signal }) => fetchEdits({ schema, name }, signal),
  });
}

/** The edits of a table's schema that went through, newest first. */
export function useEdits(table: Named) {
  return useQuery({ ...editsQuery(table), select: ({ edits }) => edits });
}

/** Schemas in which this person may make tables. */
export function useMakableSchemas() {
  return useQuery({
    queryKey: ['tables', 'makable'],
    queryFn: async ({ signal }) => (await readJson<TableList>(await request('/v1/tables', { signal }))).schemas,
  });
}
