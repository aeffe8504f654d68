import type { TreeNode } from './hierarchy.ts';
import type { Cell, ScopeRows } from './inputs.ts';
import { compareText, poison, quoted } from './poison.ts';
import type { Reference } from './reference.ts';
import { scopeKey } from './scope.ts';

type Split = { -readonly [K in keyof ScopeRows]: ScopeRows[K][number][] };

export const emptyRows = (): Split => ({ baseline: [], adjustments: [], capacities: [], overrides: [], choices: [] });

/**
 * Rows by scope, ordered by scope. With `scopes`: exactly those, rows of others are left out.
 * @throws Failure `poison-record` naming the row whose product, region or period is unknown.
 */
export function splitScopes(reference: Reference, rows: ScopeRows, scopes?: readonly string[]): [string, ScopeRows][] {
  const into = new Splitter(reference, scopes);
  for (const row of rows.baseline) into.at(row, 'baseline')?.baseline.push(row);
  for (const row of rows.adjustments) into.at(row, `${row.team}_adjustments`)?.adjustments.push(row);
  for (const row of rows.capacities) into.at(row, 'capacities')?.capacities.push(row);
  for (const row of rows.overrides) if (!row.withdrawn) into.at(row, 'plan_overrides')?.overrides.push(row);
  for (const row of rows.choices) into.at(row, 'conflict_choices')?.choices.push(row);
  return [...into.scopes].sort(([left], [right]) => compareText(left, right));
}

type Row = Cell & { id?: string; measure?: string };

/** Finds a row's scope by its roots, and makes a scope's name once and not for every row. */
class Splitter {
  readonly scopes: Map<string, Split>;
  readonly #reference: Reference;
  readonly #open: boolean;
  readonly #found = new Map<string, Map<TreeNode, Map<TreeNode, Split | undefined>>>();

  constructor(reference: Reference, scopes: readonly string[] | undefined) {
    this.#reference = reference;
    this.#open = scopes === undefined;
    this.scopes = new Map((scopes ?? []).map((scope) => [scope, emptyRows()]));
  }

  at(row: Row, table: string): Split | undefined {
    const { products, regions, periods } = this.#reference;
    const p = products.get(row.product)?.root;
    if (p === undefined) throw poison(table, row.id ?? cellKey(row, row.measure), 'product', `${quoted(row.product)} is unknown`);
    const r = regions.get(row.region)?.root;
    if (r === undefined) throw poison(table, row.id ?? cellKey(row, row.measure), 'region', `${quoted(row.region)} is unknown`);
    if (!periods.has(row.period)) throw poison(table, row.id ?? cellKey(row, row.measure), 'period', `${quoted(row.period)} is unknown`);
    const ofRegion = entry(entry(this.#found, row.period), p);
    if (!ofRegion.has(r)) ofRegion.set(r, this.#scope(scopeKey(p.name, r.name, row.period)));
    return ofRegion.get(r);
  }

  #scope(scope: string): Split | undefined {
    if (this.#open && !this.scopes.has(scope)) this.scopes.set(scope, emptyRows());
    return this.scopes.get(scope);
  }
}

function entry<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const there = map.get(key);
  if (there !== undefined) return there;
  const made = new Map<L, V>();
  map.set(key, made);
  return made;
}

/** How a row without an id is named in messages. */
export function cellKey({ product, region, period }: Cell, measure?: string): string {
  return `(${[product, region, period, ...(measure === undefined ? [] : [measure])].map(quoted).join(', ')})`;
}
