import { DISK_FORBIDDEN, DISK_FULL } from '#libs/failure/disk-codes';
import { Failure } from '#libs/failure/failure';

/** Of the disk, among the errors that a stream may have. */
const OF_DISK = new Set(['EIO', 'ENOENT', 'ENOTDIR', 'EISDIR', 'EMFILE', 'ENFILE', 'ESTALE', 'ENXIO', 'ELOOP', 'EBUSY']);

/** Runs work on files of this machine, and says what an error of the disk means. Messages name no path. */
export async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (DISK_FULL.has(code)) throw new Failure('storage-full', 'no space is left for files', { cause: error });
    if (DISK_FORBIDDEN.has(code)) throw new Failure('misconfigured', `the directory of files may not be written (${code}): see FILES_URL`, { cause: error });
    if (OF_DISK.has(code)) throw new Failure('dependency-unavailable', `the directory of files can not be reached (${code})`, { cause: error });
    throw error;
  }
}

/** Undefined for a file that is not there; other errors pass. */
export function absent(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error;
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
