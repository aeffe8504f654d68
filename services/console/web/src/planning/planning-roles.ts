/** What a role may do with the plan. The database decides; this spares people what would be refused. */
export interface PlanAbilities {
  /** Override lines, choose in conflicts, ask for runs. */
  act: boolean;
  comment: boolean;
  propose: boolean;
  /** Approve or reject a proposed version. */
  decide: boolean;
  freeze: boolean;
}

const ACT: readonly string[] = ['finance', 'sales', 'supply', 'approver', 'administrator'];
const PROPOSE: readonly string[] = ['finance', 'sales', 'supply', 'approver'];
const DECIDE: readonly string[] = ['finance', 'approver'];

export function mayOf(role: string): PlanAbilities {
  return {
    act: ACT.includes(role),
    comment: ACT.includes(role) || role === 'analyst',
    propose: PROPOSE.includes(role),
    decide: DECIDE.includes(role),
    freeze: DECIDE.includes(role),
  };
}
