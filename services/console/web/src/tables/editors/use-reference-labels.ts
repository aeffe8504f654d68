import { useQueries } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { GridColumn } from '../columns/grid-column.ts';
import { plainCell } from '../columns/show-cell.ts';
import type { GridRow } from '../rows/grid-row.ts';
import { readReferenced, type ReferenceTarget, targetQuery } from './reference-target.ts';

/** Keys asked for at once. */
const AT_ONCE = 100;

type Labels = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** What the references of the seen rows point to, by name; read as rows come into sight. */
export function useReferenceLabels(
  columns: readonly GridColumn[],
  seen: readonly (GridRow | undefined)[],
): (column: GridColumn, row: GridRow) => string | undefined {
  const references = columns.filter(({ kind }) => kind === 'reference');
  const targets = useQueries({ queries: references.map((column) => targetQuery(column, column.spec.references?.schema ?? '')) });
  const [labels, setLabels] = useState<Labels>(new Map());
  const asked = useRef(new Set<string>());
  useEffect(() => {
    for (const [at, column] of references.entries()) {
      const target = targets[at]?.data;
      if (target?.label === undefined) continue;
      const missing = [...new Set(seen.map((row) => row?.values[column.name]).filter((value) => value !== null && value !== undefined))].filter(
        (value) => !asked.current.has(`${column.name} ${plainCell(value)}`),
      );
      for (const value of missing) asked.current.add(`${column.name} ${plainCell(value)}`);
      if (missing.length > 0) void read(target, missing.slice(0, AT_ONCE)).then((found) => setLabels((before) => joined(before, column.name, found)));
    }
  });
  return useCallback((column, row) => labels.get(column.name)?.get(plainCell(row.values[column.name])), [labels]);
}

/** A name that can't be read leaves the key, which says as much. */
async function read(target: ReferenceTarget, keys: Parameters<typeof readReferenced>[1]): Promise<ReadonlyMap<string, string>> {
  const found = await readReferenced(target, keys, AbortSignal.timeout(20_000)).catch(() => []);
  return new Map(found.map(({ key, label }) => [plainCell(key), label]));
}

function joined(before: Labels, column: string, found: ReadonlyMap<string, string>): Labels {
  return new Map(before).set(column, new Map([...(before.get(column) ?? []), ...found]));
}
