import { classify } from '#libs/failure/classify';
import { FAILURE_POLICY } from '#libs/failure/policy';

const AGAIN = 'Start it again; if that changes nothing, restore the data directory or start anew with npm start -- --reset.';

/** A failed start as one line: what is wrong and what to do. */
export function explain(error: unknown): string {
  const failure = classify(error);
  const message = failure.message.replaceAll(/\s*\n\s*/g, ' ').replace(/\.$/, '');
  // Messages of ours say what to do; the table of failures speaks to services that go on by themselves, which a start does not.
  if (failure.kind === 'misconfigured' || failure.kind === 'storage-full') return `Lakeloop did not start: ${message}.`;
  if (failure.kind === 'dependency-unavailable' || failure.kind === 'timeout') return `Lakeloop did not start: ${message}. ${AGAIN}`;
  return `Lakeloop did not start: ${message}. ${FAILURE_POLICY[failure.kind].hint}`;
}
