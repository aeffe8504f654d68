import type { LakeTable, Lakehouse } from '#libs/lakehouse/lakehouse';

const MB = 1024 * 1024;
/** By version count, the size below which files are merged. */
const STEPS = [
  { everyVersions: 20n, bytes: MB },
  { everyVersions: 400n, bytes: 16 * MB },
  { everyVersions: 2_000n, bytes: 128 * MB },
] as const;

/** Makes small files of a table into larger ones by steps, so that a byte is written again a few times at most. */
export class FileSteps {
  readonly #lakehouse: Lakehouse;
  readonly #table: LakeTable;
  readonly #compacted = STEPS.map(() => 0n);

  constructor(lakehouse: Lakehouse, table: LakeTable) {
    this.#lakehouse = lakehouse;
    this.#table = table;
  }

  /** Does what is due; nothing for a table that is not there. */
  async run(): Promise<void> {
    const state = await this.#lakehouse.describe(this.#table);
    if (!state) return;
    for (const [index, { everyVersions, bytes }] of STEPS.entries()) {
      if (state.version - (this.#compacted[index] ?? 0n) < everyVersions) continue;
      const { version } = await this.#lakehouse.compact(this.#table, { targetFileBytes: bytes });
      this.#compacted[index] = version;
    }
  }
}
