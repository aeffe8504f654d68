/**
 * The life of a case, as a total table: every (state, action) has an outcome. This table is the one source; `compile-machine.ts`
 * turns it into `lakeloop.case_machine`, which the triggers of every exception flow obey (machine.pg.spec.ts compares the two).
 *
 *     flagged ──recommend──▶ recommended ──approve──▶ approved
 *        │                        ├───────override─▶ overridden
 *        │                        ├───────correct──▶ corrected
 *        └───────withdraw─────────┴──▶ withdrawn
 *
 * Invariants, and what holds them in the database: a case changes only along this table (trigger on the case); a state has its evidence row
 * (same trigger: no `approved` without its disposition); one open case a subject row (partial unique index); what is final stays (no
 * update or delete of recommendations and dispositions); who decides did not flag (trigger on the disposition).
 */
export const CASE_STATES = ['flagged', 'recommended', 'approved', 'overridden', 'corrected', 'withdrawn'] as const;
export type CaseState = (typeof CASE_STATES)[number];

/** `flag` is a new case for the same subject row; the others act on the case itself. */
export const CASE_ACTIONS = ['flag', 'recommend', 'approve', 'override', 'correct', 'withdraw'] as const;
export type CaseAction = (typeof CASE_ACTIONS)[number];

/** move: the case goes to that state. open: a new case begins, this one stays. refuse: 409 with the current state. */
export type CaseOutcome = { kind: 'move'; to: CaseState } | { kind: 'open' } | { kind: 'refuse' };

const refuse: CaseOutcome = { kind: 'refuse' };
const open: CaseOutcome = { kind: 'open' };
const move = (to: CaseState): CaseOutcome => ({ kind: 'move', to });
const closed: Record<CaseAction, CaseOutcome> = { flag: open, recommend: refuse, approve: refuse, override: refuse, correct: refuse, withdraw: refuse };

export const CASE_MACHINE: Readonly<Record<CaseState, Readonly<Record<CaseAction, CaseOutcome>>>> = {
  flagged: { flag: refuse, recommend: move('recommended'), approve: refuse, override: refuse, correct: refuse, withdraw: move('withdrawn') },
  recommended: {
    flag: refuse,
    recommend: refuse,
    approve: move('approved'),
    override: move('overridden'),
    correct: move('corrected'),
    withdraw: move('withdrawn'),
  },
  approved: closed,
  overridden: closed,
  corrected: closed,
  withdrawn: closed,
};

/** States in which another flag of the same row is refused. */
export const OPEN_STATES: readonly CaseState[] = CASE_STATES.filter((state) => CASE_MACHINE[state].flag.kind === 'refuse');

/** Actions that a disposition row stands for. */
export const DISPOSITION_ACTIONS = ['approve', 'override', 'correct'] as const satisfies readonly CaseAction[];
export type DispositionAction = (typeof DISPOSITION_ACTIONS)[number];

/** Actions a person or flow may take in a state, in the table's order. */
export function actionsIn(state: CaseState): CaseAction[] {
  return CASE_ACTIONS.filter((action) => CASE_MACHINE[state][action].kind === 'move');
}
