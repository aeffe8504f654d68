import { Failure } from '#libs/failure/failure';
import type { Amount } from './amount.ts';
import { allocate } from './apportion.ts';
import { contribute, depthOf, sum, type GridLine, type MeasureGrid, type PlanNode } from './grid.ts';

/** The most that may be planned at a node, in the base unit. */
export interface Capacity extends PlanNode {
  /** `product|region`. */
  id: string;
  amount: Amount;
}

/**
 * Cuts a measure to its capacities; answers the sum of the cuts. From the deepest node up: where the leaves under a node sum to more than its capacity, those
 * above zero are cut pro rata until they sum to it exactly. Overridden leaves are as their override says: they use capacity and are never cut.
 *
 * No capacity is exceeded afterwards, but for what overrides alone take: each step leaves its own node within its capacity, and a later one only lowers leaves,
 * so it lowers every sum it touches. A chain of nested nodes gets what a bottom-up pass (how much can each part take) and a top-down pass (share what the whole
 * may have by that) would give: the cut at the whole is shared by what its parts were left with. Nodes that overlap without nesting are covered by the same argument.
 */
export function cutToCapacity(grid: MeasureGrid, capacities: readonly Capacity[]): Amount {
  const ordered = [...capacities].sort((a, b) => depthOf(b) - depthOf(a) || a.product.index - b.product.index || a.region.index - b.region.index);
  let total = 0n;
  for (const capacity of ordered) total += cutAt(grid.under(capacity), capacity);
  for (const capacity of capacities) verify(grid.under(capacity), capacity);
  return total;
}

const standing = (lines: readonly GridLine[]): Amount => sum(lines.map(({ amount }) => amount));

function cutAt(lines: readonly GridLine[], { id, amount: capacity }: Capacity): Amount {
  for (const line of lines) line.capacity ??= capacity;
  const over = standing(lines) - capacity;
  if (over <= 0n) return 0n;
  const cuttable = lines.filter((line) => !line.overridden && line.amount > 0n);
  const amounts = cuttable.map(({ amount }) => amount);
  const most = sum(amounts);
  const cut = over < most ? over : most;
  if (cut === 0n) return 0n;
  const left = allocate(most - cut, amounts, most);
  for (const [index, line] of cuttable.entries()) {
    const taken = line.amount - (left[index] as Amount);
    line.cut += taken;
    contribute(line, -taken, { source: 'capacity', team: null, id, author: null, at: null });
  }
  return cut;
}

/** The proof, checked on every plan. */
function verify(lines: readonly GridLine[], { id, amount: capacity }: Capacity): void {
  if (standing(lines) <= capacity) return;
  const uncut = lines.find((line) => !line.overridden && line.amount > 0n);
  if (uncut !== undefined) throw new Failure('bug', `the plan exceeds the capacity of ${id}`);
}
