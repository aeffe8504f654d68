/** A column as the compiler needs it. Type names are complete SQL: schema-qualified and quoted. */
export interface Column {
  name: string;
  /** Declared type without its modifier: `"app"."mood"`, `pg_catalog.int4`. */
  type: string;
  /** The type under all domains: what a filter's operand is cast to, so that a value outside the domain finds nothing instead of failing. */
  baseType: string;
  /** Of `baseType`, unquoted: `json`, `tsvector` … */
  baseName: string;
  nullable: boolean;
  hasDefault: boolean;
}

export interface Relation {
  schema: string;
  name: string;
  /** `pg_class.relkind`: r table, p partitioned, v view, m materialised view, f foreign. */
  kind: 'r' | 'p' | 'v' | 'm' | 'f';
  /** `"schema"."name"` */
  sql: string;
  columns: ReadonlyMap<string, Column>;
  /** In key order; empty without a primary key. */
  primaryKey: readonly string[];
  /** Whether its changes are recorded in `audit.entry`. */
  audited: boolean;
}

/** What the exposed schemas held at one moment. Immutable. */
export interface Catalogue {
  /** Exposed schemas; the first is the default. */
  schemas: readonly string[];
  /** `schema` → `name` → relation. */
  relations: ReadonlyMap<string, ReadonlyMap<string, Relation>>;
  /** Lower-case type name as a cast may spell it → complete SQL of the type. */
  types: ReadonlyMap<string, string>;
  /** Whether our schema is there and this login may open governed transactions. Without: plain grants, no audit, no idempotency keys. */
  governed: boolean;
  /** Grows with each load, so that what was derived from an older one can be told apart. */
  version: number;
}

export function findRelation(catalogue: Catalogue, schema: string, name: string): Relation | undefined {
  return catalogue.relations.get(schema)?.get(name);
}

/** The name nearest to `name` in the schema, for a hint; undefined when nothing is near. */
export function nearestRelation(catalogue: Catalogue, schema: string, name: string): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const candidate of catalogue.relations.get(schema)?.keys() ?? []) {
    if (Math.abs(candidate.length - name.length) > 3) continue;
    const distance = editDistance(candidate, name.slice(0, 64));
    if (distance <= Math.max(1, Math.floor(name.length / 3)) && distance < (best?.distance ?? Infinity)) best = { name: candidate, distance };
  }
  return best?.name;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
