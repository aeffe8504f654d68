/** The closed set of ways in which work can fail. A new kind does not compile until `policy.ts` says what follows from it. */
export const FAILURE_KINDS = [
  'dependency-unavailable',
  'timeout',
  'conflict',
  'overloaded',
  'invalid-input',
  'forbidden',
  'unsupported',
  'poison-record',
  'protocol-violation',
  'fenced',
  'position-lost',
  'misconfigured',
  'storage-full',
  'bug',
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];
