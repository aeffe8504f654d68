import type { Amount } from './amount.ts';
import type { ConflictChoiceRow, Team } from './inputs.ts';
import { compareChanges } from './instant.ts';
import type { Resolution } from './plan.ts';
import type { Proposal } from './proposals.ts';
import type { RuleOfMeasure } from './reference.ts';

/** How much of each proposal is made: `weight / weightSum` of it. */
export interface Weighed {
  proposal: Proposal;
  weight: bigint;
}

export interface Decision {
  weighed: readonly Weighed[];
  weightSum: bigint;
  by: Resolution['by'];
  team: Team | null;
  author: string | null;
}

/** Decides between the proposals of two or more teams. A choice for a team that no longer proposes anything here is void: the rule decides. */
export function decide(proposals: readonly Proposal[], { rule, order }: RuleOfMeasure, choice: ConflictChoiceRow | undefined): Decision {
  const chosen = choice && proposals.find(({ team }) => team === choice.team);
  if (choice && chosen) return { ...taken(chosen), by: 'choice', author: choice.author };
  switch (rule) {
    case 'latest':
      return { ...taken(latest(proposals)), by: rule, author: null };
    case 'priority':
      return { ...taken(first(proposals, order)), by: rule, author: null };
    case 'confidence':
      return { ...mean(proposals), by: rule, team: null, author: null };
  }
}

function taken(proposal: Proposal): Pick<Decision, 'weighed' | 'weightSum' | 'team'> {
  return { weighed: [{ proposal, weight: 1n }], weightSum: 1n, team: proposal.team };
}

/** The newest change, by (updated_at, id); of two alike, the later team in the teams' order. */
function latest(proposals: readonly Proposal[]): Proposal {
  return proposals.reduce((best, each) => (compareChanges(each.newest, best.newest) >= 0 ? each : best));
}

function first(proposals: readonly Proposal[], order: readonly Team[]): Proposal {
  return proposals.reduce((best, each) => (order.indexOf(each.team) < order.indexOf(best.team) ? each : best));
}

/** Each by its confidence; all alike where nobody has any. */
function mean(proposals: readonly Proposal[]): Pick<Decision, 'weighed' | 'weightSum'> {
  const total: Amount = proposals.reduce((sum, { confidence }) => sum + confidence, 0n);
  if (total === 0n) return { weighed: proposals.map((proposal) => ({ proposal, weight: 1n })), weightSum: BigInt(proposals.length) };
  return { weighed: proposals.map((proposal) => ({ proposal, weight: proposal.confidence })), weightSum: total };
}
