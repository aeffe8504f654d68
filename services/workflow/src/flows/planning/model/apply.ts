import { divideRounded, type Amount } from './amount.ts';
import { allocate, allocateEqually, apportion } from './apportion.ts';
import { contribute, sum, type GridLine, type MeasureGrid, type PlanNode, type Spread } from './grid.ts';
import type { Part } from './proposals.ts';
import type { Decision } from './resolve.ts';

/** A part and how much of it is made, in full or weighed against others. */
interface Share {
  part: Part;
  /** The part's exact effect on the node is `numerator / weightSum`. */
  numerator: bigint;
  weight: bigint;
}

/**
 * Makes a decision's changes at a node and its leaves; answers the node's change. Each part goes down on its own, so every adjustment's share of every leaf is
 * known, and all of them start from the leaves as they stood before this node.
 */
export function applyDecision(grid: MeasureGrid, node: PlanNode, decision: Decision): Amount {
  const targeted = decision.weighed.some(({ proposal }) => proposal.parts[0]?.kind === 'target');
  const spread = grid.spread(node);
  const standing = targeted ? new Map([...grid.under(node), ...spread.lines].map((line) => [line, line.amount])) : new Map<GridLine, Amount>();
  const current = sum(standing.values());
  const shares = decision.weighed.flatMap(({ proposal, weight }) =>
    proposal.parts.map((part): Share => ({ part, weight, numerator: (part.kind === 'target' ? part.amount - current : part.amount) * weight })),
  );
  const numerators = shares.map(({ numerator }) => numerator);
  const exact = sum(numerators);
  const total = divideRounded(exact, decision.weightSum);
  const amounts = decision.weightSum === 1n ? numerators : apportion(total, numerators, decision.weightSum);
  for (const [index, share] of shares.entries()) {
    const amount = amounts[index] as Amount;
    if (share.part.kind === 'change') applyChange(spread, share.part, amount);
    else applyTarget({ spread, standing, weightSum: decision.weightSum }, share, amount);
  }
  return total;
}

/** An amount split over a node's leaves. */
export function split({ lines, weights, weightSum }: Spread, amount: Amount): Amount[] {
  return weights === null ? allocateEqually(amount, lines.length) : allocate(amount, weights, weightSum);
}

function applyChange(spread: Spread, part: Part, amount: Amount): void {
  const amounts = split(spread, amount);
  for (const [index, line] of spread.lines.entries()) give(line, part, amounts[index] as Amount);
}

interface Ground {
  spread: Spread;
  standing: ReadonlyMap<GridLine, Amount>;
  weightSum: bigint;
}

/** A target is split over the leaves like any amount, and sets them: a leaf that gets no share of it goes to zero. Weighed, each leaf moves that far towards it. */
function applyTarget({ spread, standing, weightSum }: Ground, { part, weight }: Share, amount: Amount): void {
  const targets = split(spread, part.amount);
  const target = new Map(spread.lines.map((line, index) => [line, targets[index] as Amount]));
  const lines = [...standing.keys()].sort((left, right) => left.cell - right.cell);
  const numerators = lines.map((line) => ((target.get(line) ?? 0n) - (standing.get(line) as Amount)) * weight);
  const amounts = apportion(amount, numerators, weightSum);
  for (const [index, line] of lines.entries()) give(line, part, amounts[index] as Amount);
}

function give(line: GridLine, { adjustment: { row } }: Part, amount: Amount): void {
  line.teams[row.team] += amount;
  contribute(line, amount, { source: 'adjustment', team: row.team, id: row.id, author: row.author, at: row.updated_at });
}
