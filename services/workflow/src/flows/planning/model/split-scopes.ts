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
  const wanted = scopes === undefined ? undefined : new Set(scopes);
  const split = new Map<string, Split>([...(wanted ?? [])].map((scope) => [scope, emptyRows()]));
  const into = (cell: Cell, table: string, key: () => string): Split | undefined => {
    const scope = knownScope(reference, cell, table, key);
    const found = split.get(scope);
    if (found !== undefined || wanted !== undefined) return found;
    const made = emptyRows();
    split.set(scope, made);
    return made;
  };
  for (const row of rows.baseline) into(row, 'baseline', () => cellKey(row, row.measure))?.baseline.push(row);
  for (const row of rows.adjustments) into(row, `${row.team}_adjustments`, () => row.id)?.adjustments.push(row);
  for (const row of rows.capacities) into(row, 'capacities', () => cellKey(row))?.capacities.push(row);
  for (const row of rows.overrides) if (!row.withdrawn) into(row, 'plan_overrides', () => row.id)?.overrides.push(row);
  for (const row of rows.choices) into(row, 'conflict_choices', () => cellKey(row, row.measure))?.choices.push(row);
  return [...split].sort(([left], [right]) => compareText(left, right));
}

/** How a row without an id is named in messages. */
export function cellKey({ product, region, period }: Cell, measure?: string): string {
  return `(${[product, region, period, ...(measure === undefined ? [] : [measure])].map(quoted).join(', ')})`;
}

function knownScope(reference: Reference, { product, region, period }: Cell, table: string, key: () => string): string {
  const p = reference.products.get(product);
  if (p === undefined) throw poison(table, key(), 'product', `${quoted(product)} is unknown`);
  const r = reference.regions.get(region);
  if (r === undefined) throw poison(table, key(), 'region', `${quoted(region)} is unknown`);
  if (!reference.periods.has(period)) throw poison(table, key(), 'period', `${quoted(period)} is unknown`);
  return scopeKey(p.root.name, r.root.name, period);
}
