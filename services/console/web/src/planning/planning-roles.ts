import type { PremiseTable } from './premises.ts';

/** What a role may do with the plan. The database decides; this spares people what would be refused. */
export interface PlanAbilities {
  /** Override lines, choose in conflicts, ask for runs. */
  act: boolean;
  comment: boolean;
  propose: boolean;
  /** Approve or reject a proposed version. */
  decide: boolean;
  freeze: boolean;
  /** State what the plan is made by. */
  state: readonly PremiseTable[];
}

const ACT: readonly string[] = ['finance', 'sales', 'supply', 'approver', 'administrator'];
const PROPOSE: readonly string[] = ['finance', 'sales', 'supply', 'approver'];
const DECIDE: readonly string[] = ['finance', 'approver'];

const STATE: Readonly<Record<string, readonly PremiseTable[]>> = {
  finance: ['assumptions', 'conflict_rules'],
  supply: ['capacities'],
  approver: ['conflict_rules'],
  administrator: ['assumptions', 'conflict_rules', 'schedules'],
};

export function mayOf(role: string): PlanAbilities {
  return {
    act: ACT.includes(role),
    comment: ACT.includes(role) || role === 'analyst',
    propose: PROPOSE.includes(role),
    decide: DECIDE.includes(role),
    freeze: DECIDE.includes(role),
    state: STATE[role] ?? [],
  };
}
