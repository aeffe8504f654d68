import { Failure } from '#libs/failure/failure';
import type { LakeColumn, LakeType } from '../lake-type.ts';

/** A field of the schema string (Delta protocol, "Struct Field"). */
interface Field {
  name: string;
  type: unknown;
  nullable: boolean;
  metadata: Record<string, unknown>;
}

const PRIMITIVES = new Set<unknown>([
  'string',
  'long',
  'integer',
  'short',
  'byte',
  'float',
  'double',
  'boolean',
  'binary',
  'date',
  'timestamp',
  'timestamp_ntz',
]);
/** Types that hold every value of the one they follow. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  byte: ['short', 'integer', 'long', 'double'],
  short: ['integer', 'long', 'double'],
  integer: ['long', 'double'],
  float: ['double'],
  date: ['timestamp_ntz'],
};
const WHOLE_DIGITS: Readonly<Record<string, number>> = { byte: 3, short: 5, integer: 10, long: 19 };

export function columnsOf(schemaString: string): LakeColumn[] {
  const { fields } = JSON.parse(schemaString) as { fields: Field[] };
  return fields.map(({ name, type, nullable, metadata }) => ({
    name,
    type: typeOf(type),
    nullable,
    ...(typeof metadata['comment'] === 'string' ? { comment: metadata['comment'] } : {}),
  }));
}

export function schemaStringOf(columns: readonly LakeColumn[]): string {
  const fields = columns.map(({ name, type, nullable = true, comment }): Field => {
    return { name, type: typeText(type), nullable, metadata: comment === undefined ? {} : { comment } };
  });
  return JSON.stringify({ type: 'struct', fields });
}

/** Field metadata keys in use: each stands for a feature (generation, invariants, identity, column mapping). */
export function fieldMetadataKeys(schemaString: string): Set<string> {
  const { fields } = JSON.parse(schemaString) as { fields: Field[] };
  return new Set(fields.flatMap(({ metadata }) => Object.keys(metadata)));
}

function typeOf(type: unknown): LakeType {
  if (PRIMITIVES.has(type)) return type as LakeType;
  const decimal = typeof type === 'string' ? /^decimal\((\d+),\s*(-?\d+)\)$/.exec(type) : null;
  if (decimal) return { decimal: { precision: Number(decimal[1]), scale: Number(decimal[2]) } };
  return { other: typeof type === 'string' ? type : JSON.stringify(type) };
}

function typeText(type: LakeType): unknown {
  if (typeof type === 'string') return type;
  if ('decimal' in type) return `decimal(${type.decimal.precision},${type.decimal.scale})`;
  return type.other.startsWith('{') ? JSON.parse(type.other) : type.other;
}

export function sameType(left: LakeType, right: LakeType): boolean {
  return JSON.stringify(typeText(left)) === JSON.stringify(typeText(right));
}

/** Whether every value of `from` is one of `to`. */
export function widens(from: LakeType, to: LakeType): boolean {
  if (sameType(from, to)) return true;
  if (typeof from === 'string') {
    if (typeof to === 'string') return WIDER[from]?.includes(to) ?? false;
    const digits = WHOLE_DIGITS[from];
    return 'decimal' in to && digits !== undefined && to.decimal.precision - to.decimal.scale >= digits;
  }
  if (!('decimal' in from) || typeof to === 'string' || !('decimal' in to)) return false;
  const [narrow, wide] = [from.decimal, to.decimal];
  return wide.scale >= narrow.scale && wide.precision - wide.scale >= narrow.precision - narrow.scale;
}

export interface Evolution {
  columns: LakeColumn[];
  added: LakeColumn[];
  /** Columns whose files have to be written anew. */
  widened: LakeColumn[];
}

/**
 * The schema that holds both. Names match case-insensitively, the table's spelling stays. Throws `misconfigured` for a type that neither holds the
 * other's values. A wanted type that is narrower than the table's is no change.
 */
export function evolve(current: readonly LakeColumn[], wanted: readonly LakeColumn[]): Evolution {
  const added: LakeColumn[] = [];
  const widened: LakeColumn[] = [];
  const columns = [...current];
  for (const column of wanted) {
    const index = columns.findIndex(({ name }) => name.toLowerCase() === column.name.toLowerCase());
    const known = columns[index];
    if (!known) {
      const fresh = { ...column, nullable: true };
      added.push(fresh);
      columns.push(fresh);
    } else if (widens(known.type, column.type) && !sameType(known.type, column.type)) {
      const wide = { ...known, type: column.type };
      widened.push(wide);
      columns[index] = wide;
    } else if (!widens(column.type, known.type)) {
      throw new Failure('misconfigured', `column ${known.name} is ${describeType(known.type)}, which does not hold ${describeType(column.type)}`);
    }
  }
  return { columns, added, widened };
}

export function describeType(type: LakeType): string {
  const text = typeText(type);
  return typeof text === 'string' ? text : JSON.stringify(text);
}
