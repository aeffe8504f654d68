import type { CatalogueColumn } from '#libs/governance/policy/catalogue';
import type { LakeColumn, LakeType } from '#libs/lakehouse/lake-type';

/** A column of an analytical table, and the PostgreSQL type that its values stand for: that decides operands, comparisons and the answer's form. */
export interface AnalyticalColumn {
  name: string;
  lake: LakeType;
  /** Unqualified: `int4`, `numeric`, `timestamptz`, `uuid`, `enum` …; a type that is none of `PLAIN_TYPES` is handled as its text. */
  pg: string;
  /** Complete SQL of that type, for a cast in Postgres. */
  pgSql: string;
  /** As row filters read it (libs/governance/policy/column-type.ts). */
  predicateType: string;
  /** Of a number stored as one. */
  decimal?: { precision: number; scale: number };
}

const NATURAL: Readonly<Record<Extract<LakeType, string>, string>> = {
  string: 'text',
  long: 'int8',
  integer: 'int4',
  short: 'int2',
  byte: 'int2',
  float: 'float4',
  double: 'float8',
  boolean: 'bool',
  binary: 'bytea',
  date: 'date',
  timestamp: 'timestamptz',
  timestamp_ntz: 'timestamp',
};
const INTEGERS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8']);

/** `source`: the column of the Postgres table whose changes the lakehouse's table keeps, where there is one. */
export function analyticalColumn({ name, type }: LakeColumn, source: CatalogueColumn | undefined): AnalyticalColumn {
  const natural = naturalType(type);
  const bare = source && (source.type.startsWith('enum:') ? 'enum' : source.type);
  const decimal = decimalOf(type);
  if (source && bare !== undefined && standsFor(type, natural, bare))
    return { name, lake: type, pg: bare, pgSql: source.sqlType, predicateType: source.type, ...(decimal ? { decimal } : {}) };
  return { name, lake: type, pg: natural, pgSql: `pg_catalog.${natural}`, predicateType: natural, ...(decimal ? { decimal } : {}) };
}

/** Text may keep any type; else the stored type is the declared one, or as wide. */
function standsFor(type: LakeType, natural: string, declared: string): boolean {
  if (type === 'string' || natural === declared) return true;
  return INTEGERS.has(natural) && (INTEGERS.has(declared) || declared === 'numeric');
}

function naturalType(type: LakeType): string {
  if (typeof type === 'string') return NATURAL[type];
  return 'decimal' in type ? 'numeric' : 'json';
}

function decimalOf(type: LakeType): AnalyticalColumn['decimal'] {
  if (typeof type !== 'string') return 'decimal' in type ? type.decimal : undefined;
  return type === 'long' || type === 'integer' || type === 'short' || type === 'byte' ? { precision: 19, scale: 0 } : undefined;
}
