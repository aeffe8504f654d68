import type { Amount } from './amount.ts';
import type { TreeNode } from './hierarchy.ts';
import type { LineKey, PlanLine } from './plan.ts';
import { compareText } from './poison.ts';
import type { Reference } from './reference.ts';

/** A node's total: the sum of the lines at or under it. */
export interface NodeTotal extends LineKey {
  unit: string;
  amount: Amount;
  /** How many lines it sums. */
  lines: number;
}

/** Sums lines up both hierarchies: a total for every node that has a line under it, leaves included; ordered by measure, period, product, region. */
export function rollUp(reference: Reference, lines: Iterable<PlanLine>): NodeTotal[] {
  const totals = new Map<string, NodeTotal>();
  for (const line of lines) {
    for (const product of upwards(reference.products.get(line.product), line.product)) {
      for (const region of upwards(reference.regions.get(line.region), line.region)) {
        const key = `${product}|${region}|${line.period}|${line.measure}`;
        const total = totals.get(key) ?? { product, region, period: line.period, measure: line.measure, unit: line.unit, amount: 0n, lines: 0 };
        total.amount += line.amount;
        total.lines += 1;
        totals.set(key, total);
      }
    }
  }
  return [...totals.values()].sort(
    (a, b) => compareText(a.measure, b.measure) || compareText(a.period, b.period) || compareText(a.product, b.product) || compareText(a.region, b.region),
  );
}

/** A name and those above it; a name that has left its hierarchy (in a frozen period) stands alone. */
function upwards(node: TreeNode | undefined, name: string): string[] {
  const names = [name];
  for (let above = node?.parent ?? null; above !== null; above = above.parent) names.push(above.name);
  return names;
}
