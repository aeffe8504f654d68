import { absolute } from './convert.ts';
import type { Amount } from './amount.ts';
import { isUnder, type TreeNode } from './hierarchy.ts';
import type { Team } from './inputs.ts';
import type { Contributor, Source } from './plan.ts';

/** A node of the plan: a product (or family) in a region (or group of them). */
export interface PlanNode {
  product: TreeNode;
  region: TreeNode;
}

/** Depth in both trees: whatever contains another node is shallower than it. */
export function depthOf({ product, region }: PlanNode): number {
  return product.depth + region.depth;
}

/** A leaf in the making. */
export interface GridLine extends PlanNode {
  cell: number;
  baseline: Amount;
  assumed: Amount;
  teams: Record<Team, Amount>;
  cut: Amount;
  override: Amount;
  /** As it stands so far. */
  amount: Amount;
  capacity: Amount | null;
  overridden: boolean;
  conflict: boolean;
  /** It has a row of its own (baseline, adjustment or override of this leaf), so it is a line of the plan even if everything about it is zero. */
  stated: boolean;
  contributors: Contributor[];
}

/** How an amount at a node goes down to its leaves: by the size of their baselines; equally over all its leaves where there is none (`weights` null). */
export interface Spread {
  lines: readonly GridLine[];
  weights: readonly bigint[] | null;
  weightSum: bigint;
  /** The node's baseline, with its signs. */
  baseline: Amount;
}

/** The leaves of one measure in one scope. Only those that something is said about are there, however large the hierarchies. */
export class MeasureGrid {
  readonly #width: number;
  readonly #lines = new Map<number, GridLine>();
  readonly #spreads = new Map<TreeNode, Map<TreeNode, Spread>>();

  constructor(rootRegion: TreeNode) {
    this.#width = rootRegion.leaves.length;
  }

  /** Ordered by product, then region. */
  lines(): GridLine[] {
    return [...this.#lines.values()].sort((left, right) => left.cell - right.cell);
  }

  /** The line of a leaf; made if it isn't there. */
  line(product: TreeNode, region: TreeNode): GridLine {
    const cell = product.leafAt * this.#width + region.leafAt;
    const found = this.#lines.get(cell);
    if (found !== undefined) return found;
    const teams = { finance: 0n, sales: 0n, supply: 0n };
    const flags = { capacity: null, overridden: false, conflict: false, stated: false };
    const made = { product, region, cell, baseline: 0n, assumed: 0n, teams, cut: 0n, override: 0n, amount: 0n, ...flags, contributors: [] };
    this.#lines.set(cell, made);
    return made;
  }

  /** The lines there are at or under a node, ordered by product, then region. */
  under({ product, region }: PlanNode): GridLine[] {
    if (product.leaves.length * region.leaves.length > 4 * this.#lines.size) {
      return this.lines().filter((line) => isUnder(line.product, product) && isUnder(line.region, region));
    }
    const found: GridLine[] = [];
    for (const p of product.leaves) {
      for (const r of region.leaves) {
        const line = this.#lines.get(p.leafAt * this.#width + r.leafAt);
        if (line !== undefined) found.push(line);
      }
    }
    return found;
  }

  /** Asked once all baselines are there: the answer is kept. */
  spread(node: PlanNode): Spread {
    const kept = this.#spreads.get(node.product)?.get(node.region);
    if (kept !== undefined) return kept;
    const made = this.#spread(node);
    const ofProduct = this.#spreads.get(node.product) ?? new Map<TreeNode, Spread>();
    this.#spreads.set(node.product, ofProduct.set(node.region, made));
    return made;
  }

  #spread({ product, region }: PlanNode): Spread {
    if (product.isLeaf && region.isLeaf) {
      const line = this.line(product, region);
      return { lines: [line], weights: null, weightSum: 1n, baseline: line.baseline };
    }
    const lines = this.under({ product, region }).filter(({ baseline }) => baseline !== 0n);
    if (lines.length > 0) {
      const weights = lines.map(({ baseline }) => absolute(baseline));
      return { lines, weights, weightSum: sum(weights), baseline: sum(lines.map(({ baseline }) => baseline)) };
    }
    const all = product.leaves.flatMap((p) => region.leaves.map((r) => this.line(p, r)));
    return { lines: all, weights: null, weightSum: BigInt(all.length), baseline: 0n };
  }
}

/** Adds a part to a line. A part of zero says nothing, and isn't kept. */
export function contribute(
  line: GridLine,
  amount: Amount,
  of: { source: Source; team: Team | null; id: string; author: string | null; at: string | null },
): void {
  if (amount === 0n) return;
  line.amount += amount;
  line.contributors.push({ source: of.source, team: of.team, id: of.id, author: of.author, at: of.at, amount });
}

export function sum(amounts: Iterable<Amount>): Amount {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}
