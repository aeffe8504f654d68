import { it } from '@jest/globals';
import { testMajor } from './postgres-binaries.ts';

/** `it`, for what PostgreSQL has from a major version on. */
export function itSince(major: number): typeof it | typeof it.skip {
  return testMajor() >= major ? it : it.skip;
}

/** `it`, for what PostgreSQL did up to a major version. On a newer one there is nothing to test, and so nothing that was skipped. */
export function itUntil(major: number): (name: string, test: () => Promise<void>) => void {
  return testMajor() <= major ? it : () => undefined;
}
