/** What happens to a slot that comes due while a run is on. */
export const OVERLAP_POLICIES = ['skip', 'queue', 'cancel'] as const;
export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number];

/** `waiting`: one run is on and another waits for its end. */
export type RunState = 'idle' | 'running' | 'waiting';

export type OverlapDecision =
  | 'start'
  /** Recorded as skipped; nothing runs for it. */
  | 'skip'
  /** Runs when the one that is on has ended. */
  | 'wait'
  /** Takes the place of the waiting one, which is recorded as skipped: a plan is made of what is known when it runs, so one waiting run is enough. */
  | 'replace-waiting'
  /** The one that is on is asked to stop, publishes nothing, is recorded as skipped; this one starts when it has ended. */
  | 'cancel-running';

/** The whole rule, for each policy and state. */
export const OVERLAP: Readonly<Record<OverlapPolicy, Readonly<Record<RunState, OverlapDecision>>>> = {
  skip: { idle: 'start', running: 'skip', waiting: 'skip' },
  queue: { idle: 'start', running: 'wait', waiting: 'replace-waiting' },
  cancel: { idle: 'start', running: 'cancel-running', waiting: 'replace-waiting' },
};
