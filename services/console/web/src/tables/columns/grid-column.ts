import type { TableDescription } from '#contracts/http/tables';
import { columnTitle } from '../table-list.ts';

export type ColumnDescription = TableDescription['columns'][number];
/** What a column is to the person at the screen; `other`: a type that only SQL makes, shown and edited as PostgreSQL's text. */
export type Kind = NonNullable<ColumnDescription['type']> | 'other';
/** A value as the grid holds it: decimals, JSON and other types as PostgreSQL's text, with every digit. */
export type CellValue = string | number | bigint | boolean | null | readonly string[];

/** A column of the grid. */
export interface GridColumn {
  name: string;
  title: string;
  kind: Kind;
  /** Of a reference: what its key is; else `kind`. */
  valueKind: Kind;
  sqlType: string;
  required: boolean;
  /** Part of the primary key: set when a row is added, never changed. */
  key: boolean;
  /** Whether this person is offered to change it in a row that is there; the server has the last word. */
  editable: boolean;
  /** Whether it is given a value when a row is added. */
  insertable: boolean;
  numeric: boolean;
  spec: ColumnDescription;
}

export function gridColumns({ columns, key, may, archived }: Pick<TableDescription, 'columns' | 'key' | 'may' | 'archived'>): GridColumn[] {
  return columns.map((spec) => {
    const kind = spec.type ?? 'other';
    const valueKind = kind === 'reference' ? kindOfType(spec.sqlType) : kind;
    const isKey = key.includes(spec.name);
    return {
      name: spec.name,
      title: columnTitle(spec),
      kind,
      valueKind,
      sqlType: spec.sqlType,
      required: spec.required === true || isKey,
      key: isKey,
      editable: may.update && !archived && !spec.system && !isKey,
      insertable: may.insert && !archived && !spec.system,
      numeric: kind !== 'reference' && isNumeric(valueKind),
      spec,
    };
  });
}

export function isNumeric(kind: Kind): boolean {
  return kind === 'integer' || kind === 'number' || kind === 'decimal';
}

/** Read as text, so that nothing of the value is lost on the way. */
export function isReadAsText({ valueKind }: GridColumn): boolean {
  return valueKind === 'decimal' || valueKind === 'json' || valueKind === 'file' || valueKind === 'other';
}

export function isSortable({ kind, sqlType }: GridColumn): boolean {
  return kind !== 'json' && kind !== 'file' && kind !== 'multi-choice' && !/^(?:json|xml|point|box|path|polygon|circle|line|lseg)\b/.test(sqlType);
}

function kindOfType(sqlType: string): Kind {
  if (/^(?:bigint|integer|smallint)$/.test(sqlType)) return 'integer';
  if (/^(?:character varying|character|text)/.test(sqlType)) return 'text';
  if (sqlType.startsWith('numeric')) return 'decimal';
  if (sqlType === 'uuid' || sqlType === 'date') return sqlType;
  return 'other';
}
