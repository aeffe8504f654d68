import { addTo, type Breakdown, breakdownOf, emptyBreakdown, type PlanLine } from './plan-line.ts';
import type { Reference } from './reference.ts';
import type { Hierarchy } from './hierarchy.ts';

/** Which hierarchy comes first; the other one opens below its leaves. */
export type Order = 'product' | 'region';

/** A node of the plan: a part of the first hierarchy, or below one of its leaves a part of the second. */
export interface PlanNode {
  /** Ids down from the root, `/` between: unique, and what is remembered as open. */
  path: string;
  name: string;
  /** From 0. */
  depth: number;
  product: string | undefined;
  region: string | undefined;
  expandable: boolean;
  /** By period. */
  cells: ReadonlyMap<string, PlanCell>;
  total: Breakdown;
}

export interface PlanCell extends Breakdown {
  /** Lines below. */
  lines: number;
  constrained: number;
  overridden: number;
  frozen: number;
  conflict: number;
  /** Newest version of a line below. */
  version: number;
}

/** The lines of one measure and unit as a tree, its open nodes only: depth first. */
export function visibleNodes(lines: readonly PlanLine[], reference: Reference, { order, open }: { order: Order; open: ReadonlySet<string> }): PlanNode[] {
  const [first, second] = order === 'product' ? [reference.products, reference.regions] : [reference.regions, reference.products];
  const keyOf = (line: PlanLine): readonly [string, string] => (order === 'product' ? [line.product, line.region] : [line.region, line.product]);
  const nodes: PlanNode[] = [nodeOf({ path: 'all', name: 'Everything', depth: 0, order, below: [] }, lines, first.roots.length > 0)];
  const walk = (step: Step, found: readonly PlanLine[], parent: { path: string; depth: number }): void => {
    for (const child of step.hierarchy.children(step.parent)) {
      const inside = new Set(step.hierarchy.leaves(child.id));
      const below = found.filter((line) => inside.has(keyOf(line)[step.level]));
      if (below.length === 0) continue;
      const path = `${parent.path}/${child.id}`;
      const ids = step.level === 0 ? [child.id] : [step.above ?? '', child.id];
      const leaf = step.hierarchy.isLeaf(child.id);
      nodes.push(nodeOf({ path, name: child.name, depth: parent.depth + 1, order, below: ids }, below, !leaf || step.level === 0));
      if (!open.has(path)) continue;
      if (!leaf) walk({ ...step, parent: child.id }, below, { path, depth: parent.depth + 1 });
      else if (step.level === 0) walk({ hierarchy: second, level: 1, parent: undefined, above: child.id }, below, { path, depth: parent.depth + 1 });
    }
  };
  if (open.has('all')) walk({ hierarchy: first, level: 0, parent: undefined, above: undefined }, lines, { path: 'all', depth: 0 });
  return nodes;
}

interface Step {
  hierarchy: Hierarchy;
  level: 0 | 1;
  parent: string | undefined;
  /** Leaf of the first hierarchy that the second one is below. */
  above: string | undefined;
}

function nodeOf(
  { path, name, depth, order, below }: { path: string; name: string; depth: number; order: Order; below: readonly string[] },
  lines: readonly PlanLine[],
  expandable: boolean,
): PlanNode {
  const cells = new Map<string, PlanCell>();
  const total = emptyBreakdown();
  for (const line of lines) {
    const part = breakdownOf(line);
    let cell = cells.get(line.period);
    if (!cell) cells.set(line.period, (cell = { ...emptyBreakdown(), lines: 0, constrained: 0, overridden: 0, frozen: 0, conflict: 0, version: 0 }));
    addTo(cell, part);
    addTo(total, part);
    cell.lines += 1;
    cell.constrained += Number(line.constrained);
    cell.overridden += Number(line.overridden);
    cell.frozen += Number(line.frozen);
    cell.conflict += Number(line.conflict);
    cell.version = Math.max(cell.version, line.version);
  }
  const [first, second] = below;
  const ids = order === 'product' ? { product: first, region: second } : { product: second, region: first };
  return { path, name, depth, ...ids, expandable, cells, total };
}
