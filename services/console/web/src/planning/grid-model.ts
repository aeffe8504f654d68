import type { Adjustment, Kind } from './adjustment.ts';
import { type Amount, sum } from './decimal.ts';
import { convert, type Reference } from './reference.ts';

/** A line of a team's grid. */
export interface GridRow {
  /** `product|region` */
  id: string;
  product: string;
  region: string;
  /** Both are leaves; else the amounts are allocated downwards. */
  leaf: boolean;
}

/** What stands at one product, region and period, of one measure and kind. */
export interface Cell {
  /** Newest first. */
  entries: readonly Adjustment[];
  /** What they come to; undefined where units can't be converted. */
  amount: Amount | undefined;
  /** Unit of `amount`. */
  unit: string | undefined;
}

export interface GridView {
  measure: string;
  kind: Kind;
  /** In which amounts are shown and typed; undefined for percent. */
  unit: string | undefined;
}

export interface Grid {
  rows: readonly GridRow[];
  periods: readonly string[];
  /** By `cellKey`. */
  cells: ReadonlyMap<string, Cell>;
  /** Cells where entries of another kind stand, by the same key. */
  others: ReadonlySet<string>;
}

export function cellKey(row: Pick<GridRow, 'product' | 'region'>, period: string): string {
  return `${row.product}|${row.region}|${period}`;
}

/** Cells of a view. Within one team changes and percents add up, and the latest of those that stand instead of the baseline counts. */
export function cellsOf(entries: Iterable<Adjustment>, view: GridView, reference: Reference): Pick<Grid, 'cells' | 'others'> {
  const gathered = new Map<string, Adjustment[]>();
  const others = new Set<string>();
  for (const entry of entries) {
    if (entry.measure !== view.measure) continue;
    const key = cellKey(entry, entry.period);
    if (entry.kind !== view.kind) others.add(key);
    else if (!gathered.get(key)?.push(entry)) gathered.set(key, [entry]);
  }
  return { cells: new Map([...gathered].map(([key, found]) => [key, cellOf(found, view, reference)])), others };
}

function cellOf(found: Adjustment[], view: GridView, reference: Reference): Cell {
  const entries = found.toSorted(newestFirst);
  const [latest] = entries;
  const counted = view.kind === 'absolute' && latest ? [latest] : entries;
  if (view.kind === 'percent') return { entries, amount: sum(counted.map(({ amount }) => amount)), unit: undefined };
  const unit = counted.every((entry) => entry.unit === latest?.unit) ? latest?.unit : view.unit;
  const amounts = counted.map(({ amount, unit: from, period }) =>
    unit === from ? amount : convert(reference, amount, { from: from ?? '', to: unit ?? '', period }),
  );
  return { entries, amount: amounts.every((amount) => amount !== undefined) ? sum(amounts) : undefined, unit };
}

/** By time, then by id: entries of one statement share their time. */
function newestFirst(a: Adjustment, b: Adjustment): number {
  return Date.parse(b.updatedAt) - Date.parse(a.updatedAt) || b.id.length - a.id.length || b.id.localeCompare(a.id);
}

export interface RowChoice {
  /** Families and parent regions too. */
  allLevels: boolean;
  /** Only rows with an entry. */
  onlyUsed: boolean;
  /** Words, each somewhere in the names on the row's two paths. */
  search: string;
}

/** Lines of the grid in the hierarchies' order; what has an entry is always among them. */
export function rowsOf(reference: Reference, used: ReadonlySet<string>, choice: RowChoice): GridRow[] {
  const { products, regions } = reference;
  const words = choice.search.toLowerCase().split(/\s+/).filter(Boolean);
  const named = (row: GridRow): string =>
    [...products.path(row.product).map((id) => `${id} ${products.name(id)}`), ...regions.path(row.region).map((id) => `${id} ${regions.name(id)}`)]
      .join(' ')
      .toLowerCase();
  return products.nodes
    .flatMap((product) =>
      regions.nodes.map((region) => ({
        id: `${product.id}|${region.id}`,
        product: product.id,
        region: region.id,
        leaf: products.isLeaf(product.id) && regions.isLeaf(region.id),
      })),
    )
    .filter((row) => used.has(row.id) || (!choice.onlyUsed && (row.leaf || choice.allLevels)))
    .filter((row) => words.every((word) => named(row).includes(word)));
}

/** `product|region` of everything entered. */
export function usedRows(entries: Iterable<Adjustment>, measure: string): Set<string> {
  const used = new Set<string>();
  for (const entry of entries) if (entry.measure === measure) used.add(`${entry.product}|${entry.region}`);
  return used;
}
