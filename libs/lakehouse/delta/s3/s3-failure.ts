import { Failure } from '#libs/failure/failure';
import { hasErrorCode } from '../error-code.ts';

const ABSENT = new Set(['NoSuchKey', 'NotFound', 'NoSuchBucket']);
const TAKEN = new Set(['PreconditionFailed', 'ConditionalRequestConflict']);
const FORBIDDEN = new Set(['AccessDenied', 'Forbidden', 'InvalidAccessKeyId', 'SignatureDoesNotMatch', 'CredentialsProviderError', 'ExpiredToken']);

/** Runs a request. `otherwise` is the answer when there is no such object, or (for a put if absent) there is one. Messages name the error's code, never a key. */
export async function translate<T, Otherwise>(work: () => Promise<T>, otherwise: Otherwise): Promise<T | Otherwise> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure) throw error;
    const name = error instanceof Error ? error.name : '';
    if (ABSENT.has(name) || TAKEN.has(name)) return otherwise;
    if (FORBIDDEN.has(name))
      throw new Failure('misconfigured', `object storage refuses (${name}): see AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION`, { cause: error });
    if (hasErrorCode(error, 'ENOSPC')) throw new Failure('storage-full', "no space left for the lakehouse's cache", { cause: error });
    throw new Failure('dependency-unavailable', `object storage does not answer (${name})`, { cause: error });
  }
}
