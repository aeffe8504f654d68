import type pg from 'pg';
import { OneProcess, type OneProcessStand } from '../one-process.ts';
import type { FileStorage } from './storage/file-storage.ts';
import { forgetUpload, markUnused } from './upload-store.ts';

export interface UnusedFilesOptions extends OneProcessStand {
  storage: FileStorage;
  /** How long an upload may wait to come into a row. */
  afterSeconds: number;
}

/** While another process does it, and after an error. */
const ASIDE_MS = 5_000;
const LOCK = 0x6c6c6675;
const AT_ONCE = 100;

/**
 * Collects uploads that came into no row in time, whole ones and what was cut off. First an upload is marked, from when on no row takes it; then its bytes go, then
 * its record: a kill in between leaves a mark, which is gone on from. A file that ever stood in a row is history's, and stays.
 */
export class UnusedFiles extends OneProcess {
  readonly #options: UnusedFilesOptions;

  constructor(options: UnusedFilesOptions) {
    super({ ...options, name: 'unused files', lock: LOCK, asideMs: ASIDE_MS, afterErrorMs: ASIDE_MS, failing: 'unused files could not be collected' });
    this.#options = options;
  }

  override async stop(): Promise<void> {
    await super.stop();
    await this.#options.storage.close();
  }

  protected async work(client: pg.PoolClient): Promise<void> {
    const { storage, afterSeconds } = this.#options;
    for (const id of await markUnused(client, { afterSeconds, most: AT_ONCE })) {
      await storage.remove(id);
      await forgetUpload(client, id);
    }
  }
}
