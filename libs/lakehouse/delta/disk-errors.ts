import { DISK_FORBIDDEN, DISK_FULL } from '#libs/failure/disk-codes';
import { Failure } from '#libs/failure/failure';

/** Runs work on files of this machine, and says what an error means. */
export async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure || typeof error !== 'object' || error === null || !('code' in error)) throw error;
    const code = String(error.code);
    if (DISK_FULL.has(code)) throw new Failure('storage-full', 'no space left for the lakehouse', { cause: error });
    if (DISK_FORBIDDEN.has(code)) throw new Failure('misconfigured', `the lakehouse directory may not be written (${code})`, { cause: error });
    throw new Failure('dependency-unavailable', `the lakehouse directory can not be reached (${code})`, { cause: error });
  }
}
