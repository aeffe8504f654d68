import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { GridColumn } from '../columns/grid-column.ts';
import { findReferenced, type ReferencedRow, targetQuery } from './reference-target.ts';

export interface Referenced {
  /** Whether the other table can't be read: then there is only its key, as text. */
  unreadable: boolean;
  rows: readonly ReferencedRow[];
  pending: boolean;
}

/** Rows of the table that a column refers to, by what is written to find them. */
export function useReferenced(column: GridColumn, search: string): Referenced {
  const target = useQuery(targetQuery(column, column.spec.references?.schema ?? '')).data;
  const [settled] = useDebouncedValue(search, 150);
  const found = useQuery({
    queryKey: ['tables', 'referenced', target?.schema, target?.table, target?.key, settled],
    queryFn: ({ signal }) => (target ? findReferenced(target, settled, signal) : []),
    enabled: Boolean(target),
    placeholderData: keepPreviousData,
  });
  return { unreadable: target === null, rows: found.data ?? [], pending: found.isPending };
}
