import { Failure } from '#libs/failure/failure';

/** Column types of the lakehouse that a source column can have (libs/lakehouse/lake-type.ts). */
export type ShapeType =
  | 'string'
  | 'long'
  | 'integer'
  | 'short'
  | 'float'
  | 'double'
  | 'boolean'
  | 'binary'
  | 'date'
  | 'timestamp'
  | 'timestamp_ntz'
  | { decimal: { precision: number; scale: number } };
export interface SourceColumn {
  name: string;
  type: ShapeType;
}
interface Column {
  name: string;
  type: unknown;
}
/** Where a value of the row goes. */
export interface Field {
  /** Name in the change event. */
  source: string;
  column: string;
  type: ShapeType;
}

export interface PlanInput {
  /** Names that the rows at hand have. */
  names: Iterable<string>;
  /** The source's columns as of now; empty where nothing is known. */
  known: readonly SourceColumn[];
  /** What the history table has already. */
  existing: readonly Column[];
  /** Names that a row may not have in the table: ours. */
  reserved: ReadonlySet<string>;
}

/**
 * Which column each value goes to. A new name is a new column; a type that grew widens its column; one that changed otherwise gets a column of its own,
 * `<name>__<type>`, beside the old one. A name that the source does not have any more goes where it always went, else it is text.
 */
export function planFields({ names, known, existing, reserved }: PlanInput): Field[] {
  const all = new Set([...names, ...known.map(({ name }) => name)]);
  const types = new Map(known.map(({ name, type }) => [name, type]));
  const have = new Map(existing.map(({ name, type }) => [name.toLowerCase(), type]));
  const lower = new Set<string>();
  return Array.from(all, (source) => {
    if (lower.has(source.toLowerCase()))
      throw new Failure('misconfigured', `the columns named ${source} differ by case alone, which a lakehouse table can't have`);
    lower.add(source.toLowerCase());
    const wanted = types.get(source) ?? (have.get(source.toLowerCase()) as ShapeType | undefined) ?? 'string';
    const plain = reserved.has(source.toLowerCase()) ? undefined : fitting(source, wanted, have);
    const field = plain ?? fitting(`${source}__${label(wanted)}`, wanted, have) ?? { column: `${source}__string`, type: 'string' as const };
    return { source, ...field };
  });
}

function fitting(column: string, wanted: ShapeType, have: ReadonlyMap<string, unknown>): Omit<Field, 'source'> | undefined {
  const present = have.get(column.toLowerCase()) as ShapeType | undefined;
  if (present === undefined) return { column, type: wanted };
  if (holds(present, wanted)) return { column, type: present };
  return holds(wanted, present) ? { column, type: wanted } : undefined;
}

const WIDTHS: readonly (readonly unknown[])[] = [
  ['short', 'integer', 'long'],
  ['float', 'double'],
];

/** Whether every value of `narrow` is one of `wide`, in a way that a table's column may widen. */
export function holds(wide: ShapeType, narrow: ShapeType): boolean {
  if (typeof wide === 'object' || typeof narrow === 'object') {
    if (typeof wide !== 'object' || typeof narrow !== 'object') return false;
    const [a, b] = [wide.decimal, narrow.decimal];
    return a.scale >= b.scale && a.precision - a.scale >= b.precision - b.scale;
  }
  if (wide === narrow) return true;
  return WIDTHS.some((row) => row.includes(wide) && row.includes(narrow) && row.indexOf(wide) > row.indexOf(narrow));
}

function label(type: ShapeType): string {
  return typeof type === 'string' ? type : `decimal_${type.decimal.precision}_${type.decimal.scale}`;
}
