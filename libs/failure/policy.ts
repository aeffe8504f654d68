import type { FailureKind } from './failure-kind.ts';

/** retry: again later with backoff. park: put aside by id, let the rest flow. stop: end loudly, a person must look. */
export type Reaction = 'retry' | 'park' | 'stop';

export interface FailurePolicy {
  readonly reaction: Reaction;
  /** What the operator should do, in one sentence. */
  readonly hint: string;
}

/** The one table: what follows from each kind of failure. Nothing else decides retries. */
export const FAILURE_POLICY: Readonly<Record<FailureKind, FailurePolicy>> = {
  'dependency-unavailable': { reaction: 'retry', hint: 'Bring the named dependency back; the service goes on by itself.' },
  timeout: { reaction: 'retry', hint: 'Look for load or a lock on the named dependency; the service tries again.' },
  conflict: { reaction: 'retry', hint: 'Concurrent work touched the same rows; nothing to do unless it persists.' },
  overloaded: { reaction: 'retry', hint: 'Add capacity or lower the rate; work waits, nothing is lost.' },
  'storage-full': { reaction: 'retry', hint: 'Free disk space on the named volume; the service goes on by itself.' },
  'invalid-input': { reaction: 'park', hint: 'Correct the input and send it again, or redrive the parked item.' },
  unsupported: { reaction: 'park', hint: 'The named feature is not built here: turn it off where the thing was made, or use another engine for it.' },
  forbidden: { reaction: 'park', hint: 'Grant the named privilege to the principal, then redrive the parked item.' },
  'poison-record': { reaction: 'park', hint: 'Inspect the parked record by its id; redrive it once its cause is mended.' },
  'protocol-violation': { reaction: 'stop', hint: 'A peer sent bytes outside its protocol: check its version, then report the named offset and tag.' },
  fenced: { reaction: 'stop', hint: 'A newer instance has taken over; stop this one.' },
  'position-lost': { reaction: 'stop', hint: 'Events may be missing: read the gap record, then take a new snapshot or adopt the position.' },
  misconfigured: { reaction: 'stop', hint: 'Correct the named setting and start again.' },
  bug: { reaction: 'stop', hint: 'A defect of ours: report it with this message and its stack.' },
};
