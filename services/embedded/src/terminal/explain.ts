import { classify } from '#libs/failure/classify';
import { FAILURE_POLICY } from '#libs/failure/policy';

/** A failed start as one line: what is wrong and what to do. */
export function explain(error: unknown): string {
  const failure = classify(error);
  const message = failure.message.replaceAll(/\s*\n\s*/g, ' ').replace(/\.$/, '');
  // Messages of ours say what to do after a colon; for the others the table of failures does.
  const saysWhatToDo = failure.kind === 'misconfigured' || failure.kind === 'storage-full';
  return saysWhatToDo ? `Lakeloop did not start: ${message}.` : `Lakeloop did not start: ${message}. ${FAILURE_POLICY[failure.kind].hint}`;
}
