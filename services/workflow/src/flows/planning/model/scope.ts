import { Failure } from '#libs/failure/failure';
import type { Cell } from './inputs.ts';
import { SEPARATOR } from './hierarchy.ts';
import type { Reference } from './reference.ts';
import { compareText } from './poison.ts';

/** The unit of recomputing, `<root product>|<root region>|<period>`: allocation, capacities and conflicts never cross it. */
export function scopeKey(rootProduct: string, rootRegion: string, period: string): string {
  return `${rootProduct}${SEPARATOR}${rootRegion}${SEPARATOR}${period}`;
}

export function parseScope(scope: string): { product: string; region: string; period: string } {
  const [product, region, period, ...more] = scope.split(SEPARATOR);
  if (product === undefined || region === undefined || period === undefined || more.length > 0) {
    throw new Failure('invalid-input', `${JSON.stringify(scope)} is no scope: write <root product>|<root region>|<period>`);
  }
  return { product, region, period };
}

/** The scope of a cell; undefined where its product, region or period is unknown. */
export function scopeOf(reference: Reference, { product, region, period }: Cell): string | undefined {
  const [p, r] = [reference.products.get(product), reference.regions.get(region)];
  if (p === undefined || r === undefined || !reference.periods.has(period)) return undefined;
  return scopeKey(p.root.name, r.root.name, period);
}

/** Every scope there can be: roots by roots by periods, ordered. */
export function allScopes(reference: Reference): string[] {
  const roots = (nodes: Iterable<{ parent: unknown; name: string }>): string[] => [...nodes].filter(({ parent }) => parent === null).map(({ name }) => name);
  const [products, regions] = [roots(reference.products.values()), roots(reference.regions.values())];
  return products.flatMap((p) => regions.flatMap((r) => [...reference.periods].map((period) => scopeKey(p, r, period)))).sort(compareText);
}
