import type { FlowDescription } from '#contracts/http/flows';

type Machine = Pick<FlowDescription, 'machine'>;
const DECIDING = ['approve', 'override', 'correct'];

/** Whether an action moves a case on from this state. */
export function allows({ machine }: Machine, state: string, action: string): boolean {
  return machine[state]?.[action]?.kind === 'move';
}

/** An open case is one whose row can't be flagged again. */
export function isOpen({ machine }: Machine, state: string): boolean {
  return machine[state]?.['flag']?.kind === 'refuse';
}

/** States that a decision leads to. */
export function isDecided({ machine }: Machine, state: string): boolean {
  return Object.values(machine).some((outcomes) =>
    DECIDING.some((action) => {
      const outcome = outcomes[action];
      return outcome?.kind === 'move' && outcome.to === state;
    }),
  );
}

/** Whether a case in this state can have a recommendation: it left the first state by other ways than being withdrawn. */
export function isJudged(flow: Machine, state: string): boolean {
  return isDecided(flow, state) || allows(flow, state, 'approve');
}
