import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { TableDescription } from '#contracts/http/tables';
import { lakeloop } from '../api/lakeloop.ts';

const TABLES = ['tables'];

/** Every table that this person may read or edit, with what they may do in it. */
export function useTables() {
  return useQuery({
    queryKey: [...TABLES, 'list'],
    queryFn: async ({ signal }) => (await lakeloop().tables.list({ signal })).tables,
  });
}

/** One table. */
export function useTable(schema: string, name: string) {
  return useQuery({
    queryKey: [...TABLES, 'one', schema, name],
    queryFn: ({ signal }) => fetchTable(schema, name, signal),
    // Its stream tells of edits, but not of those of a table that has none.
    refetchOnWindowFocus: 'always',
  });
}

export function fetchTable(schema: string, name: string, signal?: AbortSignal): Promise<TableDescription> {
  return lakeloop().tables.describe({ schema, name }, { signal });
}

/** To be called after an edit of a schema: descriptions are read again. */
export function useForgetTables(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: TABLES });
}

/** A table's name for people. */
export function titleOf({ label, name }: Pick<TableDescription, 'label' | 'name'>): string {
  return label ?? inPlainWords(name);
}

/** A column's name for people. */
export function columnTitle({ label, name }: { label?: string | undefined; name: string }): string {
  return label ?? inPlainWords(name);
}

export function pathOf({ schema, name }: Pick<TableDescription, 'schema' | 'name'>): string {
  return `/tables/${encodeURIComponent(schema)}/${encodeURIComponent(name)}`;
}

function inPlainWords(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');
}
