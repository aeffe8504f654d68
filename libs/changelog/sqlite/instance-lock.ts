import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '#libs/failure/failure';

/**
 * Held by the one process that may use a data directory. The lock is the operating system's (through SQLite), so it is gone
 * with the process however that ended; a lock file with a process id would have to be judged.
 */
export class InstanceLock {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Throws `misconfigured` when another instance holds it, `storage-full` or `misconfigured` when the directory can't be written. */
  static acquire(directory: string): InstanceLock {
    let db: DatabaseSync | undefined;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      db = new DatabaseSync(join(directory, 'instance.lock'), { timeout: 0 });
      db.exec('begin exclusive');
      return new InstanceLock(db);
    } catch (error) {
      db?.close();
      throw refusal(directory, error);
    }
  }

  release(): void {
    this.#db.close();
  }
}

function refusal(directory: string, error: unknown): Failure {
  const code = typeof error === 'object' && error !== null && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  const text = error instanceof Error ? error.message : String(error);
  // SQLITE_BUSY, SQLITE_FULL
  if (code === 5)
    return new Failure('misconfigured', `another instance is running on this data (${directory}): stop it first, or give this one another directory`, {
      cause: error,
    });
  if (code === 13 || /ENOSPC/.test(text)) return new Failure('storage-full', `no space left on the disk of ${directory}`, { cause: error });
  return new Failure('misconfigured', `the data directory ${directory} can't be used: ${text}`, { cause: error });
}
