import type { Amount } from './amount.ts';
import { applyDecision } from './apply.ts';
import { cutToCapacity, type Capacity } from './capacity.ts';
import { percentOf } from './convert.ts';
import { contribute, depthOf, MeasureGrid, sum, type GridLine, type PlanNode } from './grid.ts';
import { compareChanges } from './instant.ts';
import type { Conflict, Premise, TieOut } from './plan.ts';
import { poison } from './poison.ts';
import { changeOf, proposals, type Adjustment, type Proposal } from './proposals.ts';
import { DEFAULT_RULE } from './reference.ts';
import { decide, type Decision } from './resolve.ts';
import { nodeKey, type AtNode, type Ground, type MeasureRows } from './scope-rows.ts';
import { cellKey } from './split-scopes.ts';

export interface MeasurePlan {
  lines: GridLine[];
  conflicts: Conflict[];
  /** What was put in, summed where it was stated: at rows and nodes, not at lines. */
  stated: Pick<TieOut, 'baseline' | 'assumed' | 'adjustments' | 'cut' | 'override'>;
}

/** Baselines, growth, adjustments from the widest node to the narrowest, overrides, capacities: in this order. */
export function planMeasure(ground: Ground, scope: string, rows: MeasureRows, capacities: readonly Capacity[]): MeasurePlan {
  const grid = new MeasureGrid(ground.regions);
  const baseline = putBaseline(ground, grid, rows);
  const assumed = grow(ground, grid, rows);
  const conflicts: Conflict[] = [];
  let adjustments = 0n;
  for (const each of inOrder(rows.adjustments.values())) {
    const spread = grid.spread(each.node);
    if (each.node.product.isLeaf && each.node.region.isLeaf) grid.line(each.node.product, each.node.region).stated = true;
    const all = proposals(each.of, spread.baseline);
    if (all.length > 1) {
      const { conflict, change } = resolveConflict({ ground, scope, grid, rows }, each.node, all);
      conflicts.push(conflict);
      adjustments += change;
    } else adjustments += applyDecision(grid, each.node, alone(all[0] as Proposal));
  }
  const override = putOverrides(grid, rows);
  const cut = cutToCapacity(grid, capacities);
  const lines = grid.lines().filter(({ stated, contributors }) => stated || contributors.length > 0);
  return { lines, conflicts, stated: { baseline, assumed, adjustments, cut, override } };
}

function putBaseline({ period }: Ground, grid: MeasureGrid, { measure, baseline }: MeasureRows): Amount {
  for (const { node, of: amount } of baseline) {
    const line = grid.line(node.product, node.region);
    if (line.stated) {
      const key = cellKey({ product: node.product.name, region: node.region.name, period }, measure.measure);
      throw poison('baseline', key, 'key', 'is there twice');
    }
    line.stated = true;
    line.baseline = line.amount = amount;
  }
  return sum(baseline.map(({ of }) => of));
}

function grow({ reference }: Ground, grid: MeasureGrid, { measure }: MeasureRows): Amount {
  const growth = reference.growth.get(measure.measure);
  if (growth === undefined) return 0n;
  return sum(
    grid.lines().map((line) => {
      line.assumed = percentOf(line.baseline, growth.percent);
      contribute(line, line.assumed, { source: 'assumption', team: null, id: growth.name, author: growth.author, at: growth.at });
      return line.assumed;
    }),
  );
}

/**
 * Wide nodes first, so that what is said of a narrower one holds against what is said of a wider one around it. Nodes of one depth may overlap (a product in
 * all regions, all products in a region): there the newest change comes last.
 */
function inOrder(nodes: Iterable<AtNode<Adjustment[]>>): AtNode<Adjustment[]>[] {
  const keyed = [...nodes].map((each) => ({ each, depth: depthOf(each.node), newest: each.of.reduce((a, b) => (compareChanges(a, b) < 0 ? b : a)) }));
  keyed.sort(
    (a, b) =>
      a.depth - b.depth ||
      compareChanges(a.newest, b.newest) ||
      a.each.node.product.index - b.each.node.product.index ||
      a.each.node.region.index - b.each.node.region.index,
  );
  return keyed.map(({ each }) => each);
}

function alone(proposal: Proposal): Decision {
  return { weighed: [{ proposal, weight: 1n }], weightSum: 1n, by: 'latest', team: proposal.team, author: null };
}

interface Bench {
  ground: Ground;
  scope: string;
  grid: MeasureGrid;
  rows: MeasureRows;
}

function resolveConflict({ ground, scope, grid, rows }: Bench, node: PlanNode, all: readonly Proposal[]): { conflict: Conflict; change: Amount } {
  const { measure } = rows.measure;
  const rule = ground.reference.rules.get(measure) ?? DEFAULT_RULE;
  const decision = decide(all, rule, rows.choices.get(nodeKey(ground, node)));
  const current = sum(grid.under(node).map(({ amount }) => amount));
  const change = applyDecision(grid, node, decision);
  for (const line of grid.under(node)) line.conflict = true;
  const at = { product: node.product.name, region: node.region.name, period: ground.period, measure };
  const conflict: Conflict = {
    id: [at.period, measure, at.product, at.region].map(encodeURIComponent).join('|'),
    ...at,
    scope,
    rule: rule.rule,
    contributors: all.map((proposal) => contributor(proposal, current)),
    resolution: { amount: change, by: decision.by, team: decision.team, author: decision.author },
  };
  ground.conversion.premises.push(...premises(conflict, rule.order));
  return { conflict, change };
}

function contributor(proposal: Proposal, current: Amount): Conflict['contributors'][number] {
  const rows = proposal.parts.map(({ adjustment }) => adjustment.row);
  return {
    team: proposal.team,
    ids: rows.map(({ id }) => id),
    authors: [...new Set(rows.flatMap(({ author }) => (author === null ? [] : [author])))],
    amount: changeOf(proposal, current),
    confidence: proposal.confidence,
    at: proposal.newest.row.updated_at,
  };
}

function premises({ product, region, measure, rule, resolution }: Conflict, order: readonly string[]): Premise[] {
  if (resolution.by !== 'choice') return [{ source: 'rule', id: measure, value: rule === 'priority' ? `${rule} ${order.join(', ')}` : rule, author: null }];
  return [{ source: 'choice', id: `${product}|${region}|${measure}`, value: resolution.team ?? '', author: resolution.author }];
}

function putOverrides(grid: MeasureGrid, { overrides }: MeasureRows): Amount {
  return sum(
    overrides.map(({ node, of: { row, amount } }) => {
      const line = grid.line(node.product, node.region);
      if (line.overridden) throw poison('plan_overrides', row.id, 'key', 'is the second standing override of its line');
      line.stated = line.overridden = true;
      line.override = amount - line.amount;
      contribute(line, line.override, { source: 'override', team: null, id: row.id, author: row.author, at: row.created_at });
      return line.override;
    }),
  );
}
