import { queryOptions } from '@tanstack/react-query';
import type { TableDescription } from '#contracts/http/tables';
import { selectRows } from '../../api/rows.ts';
import type { CellValue, GridColumn } from '../columns/grid-column.ts';
import { plainCell } from '../columns/show-cell.ts';
import { fetchTable } from '../table-list.ts';
import { likeLiteral, nameOf, quoted } from '../view/postgrest.ts';

/** The table that a reference points to: what identifies a row, and what names it for people. */
export interface ReferenceTarget {
  schema: string;
  table: string;
  key: string;
  /** Undefined where no column names the row. */
  label: string | undefined;
}

export interface ReferencedRow {
  key: CellValue;
  label: string;
}

const SHOWN = 40;

/** Of a reference column; null where the other table can't be read. */
export function targetQuery(column: GridColumn, home: string) {
  const { references } = column.spec;
  const [schema, table] = [references?.schema ?? home, references?.table ?? ''];
  return queryOptions({
    queryKey: ['tables', 'target', schema, table, references?.column ?? ''],
    queryFn: async ({ signal }): Promise<ReferenceTarget | null> => {
      const described = await fetchTable(schema, table, signal).catch(() => undefined);
      return described?.may.select ? targetOf(described, references?.column) : null;
    },
    staleTime: 60_000,
    enabled: column.kind === 'reference' && references !== undefined,
  });
}

function targetOf({ schema, name, key, columns }: TableDescription, column: string | undefined): ReferenceTarget | null {
  const keyColumn = column ?? key[0];
  if (keyColumn === undefined) return null;
  const label = columns.find(({ type, system, name: each }) => type === 'text' && !system && each !== keyColumn)?.name;
  return { schema, table: name, key: keyColumn, label };
}

/** Rows whose name or key begins as written, in the order of their names. Throws `ApiError`. */
export async function findReferenced(target: ReferenceTarget, search: string, signal: AbortSignal): Promise<ReferencedRow[]> {
  const wanted = search.trim();
  const parameters = selectOf(target);
  parameters.set('order', nameOf(target.label ?? target.key));
  parameters.set('limit', String(SHOWN));
  if (wanted !== '')
    parameters.set(
      'or',
      `(${nameOf(target.label ?? target.key)}.${target.label === undefined ? `eq.${quoted(wanted)}` : `ilike.${quoted(`*${likeLiteral(wanted)}*`)}`})`,
    );
  return read(target, parameters, signal);
}

/** Rows by key. Throws `ApiError`. */
export function readReferenced(target: ReferenceTarget, keys: readonly CellValue[], signal: AbortSignal): Promise<ReferencedRow[]> {
  const parameters = selectOf(target);
  parameters.set(nameOf(target.key), `in.(${keys.map((key) => quoted(plainCell(key))).join(',')})`);
  return read(target, parameters, signal);
}

function selectOf({ key, label }: ReferenceTarget): URLSearchParams {
  return new URLSearchParams({ select: [`key:${nameOf(key)}`, ...(label === undefined ? [] : [`label:${nameOf(label)}`])].join(',') });
}

async function read({ schema, table }: ReferenceTarget, parameters: URLSearchParams, signal: AbortSignal): Promise<ReferencedRow[]> {
  const { rows } = await selectRows(schema, table, parameters, { signal });
  return (rows as { key: CellValue; label?: CellValue }[]).map(({ key, label }) => ({ key, label: plainCell(label ?? key) }));
}
