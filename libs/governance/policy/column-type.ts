import { UnsupportedPredicate } from './unsupported-predicate.ts';

/** A type on which predicates are exact. `integer` has its range; an `enum` its labels. */
export type ColumnType =
  | { kind: 'boolean' | 'numeric' | 'uuid' | 'date' | 'timestamp' | 'timestamptz' | 'text' }
  | { kind: 'integer'; bits: 16 | 32 | 64 }
  | { kind: 'enum'; labels: readonly string[] };

const SIMPLE: Readonly<Record<string, ColumnType>> = {
  boolean: { kind: 'boolean' },
  bool: { kind: 'boolean' },
  smallint: { kind: 'integer', bits: 16 },
  int2: { kind: 'integer', bits: 16 },
  integer: { kind: 'integer', bits: 32 },
  int4: { kind: 'integer', bits: 32 },
  bigint: { kind: 'integer', bits: 64 },
  int8: { kind: 'integer', bits: 64 },
  numeric: { kind: 'numeric' },
  uuid: { kind: 'uuid' },
  date: { kind: 'date' },
  timestamp: { kind: 'timestamp' },
  'timestamp without time zone': { kind: 'timestamp' },
  timestamptz: { kind: 'timestamptz' },
  'timestamp with time zone': { kind: 'timestamptz' },
  text: { kind: 'text' },
  varchar: { kind: 'text' },
  'character varying': { kind: 'text' },
};

const ENUM = 'enum:';

/** How catalogue.ts spells an enum: with its labels, which decide whether a claim can be cast. */
export function enumType(labels: readonly string[]): string {
  return ENUM + JSON.stringify(labels);
}

/**
 * Reads a type name: as `format_type` or `pg_type.typname` spells it, type modifiers allowed, or `enumType(labels)`.
 * Throws `UnsupportedPredicate` for any other type.
 */
export function parseColumnType(name: string, column: string): ColumnType {
  if (name.startsWith(ENUM)) return { kind: 'enum', labels: JSON.parse(name.slice(ENUM.length)) as string[] };
  const bare = name.replace(/\([\d, -]+\)/, '');
  const type = Object.hasOwn(SIMPLE, bare) ? SIMPLE[bare] : undefined;
  if (!type) throw new UnsupportedPredicate(`row filters can't compare values of type ${name}`, column);
  return type;
}

const ORDERED = new Set(['boolean', 'integer', 'numeric', 'uuid', 'date', 'timestamp', 'timestamptz']);

/** Text order depends on the collation, an enum's on its definition: those are compared for equality alone. */
export function isOrdered(type: ColumnType): boolean {
  return ORDERED.has(type.kind);
}
