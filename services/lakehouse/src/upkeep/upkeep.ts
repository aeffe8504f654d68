import { BASE_COLUMNS, baseName, PROPERTY, rowColumns } from '#libs/lakehouse/history/history-columns';
import { compactionSql } from '#libs/lakehouse/history/current-sql';
import type { LakeTable, LakeTableState, Lakehouse } from '#libs/lakehouse/lakehouse';

const MB = 1024 * 1024;
/** Small files become larger ones by steps, so that a byte is written again a few times at most: by version count, the size below which files are merged. */
const STEPS = [
  { everyVersions: 20n, bytes: MB },
  { everyVersions: 400n, bytes: 16 * MB },
  { everyVersions: 2_000n, bytes: 128 * MB },
] as const;

/** Merges and clean-up of one source table's derived tables. */
export class Upkeep {
  readonly #lakehouse: Lakehouse;
  readonly #history: LakeTable;
  readonly #base: LakeTable;
  readonly #retentionHours: number;
  #seen = 0n;
  readonly #compacted = STEPS.map(() => 0n);
  #vacuumedMs: number;

  constructor(lakehouse: Lakehouse, source: { schema: string; table: string }, history: LakeTable, options: { retentionHours: number; nowMs: number }) {
    this.#lakehouse = lakehouse;
    this.#history = history;
    this.#base = { schema: source.schema, name: baseName(source.table) };
    this.#retentionHours = options.retentionHours;
    this.#vacuumedMs = options.nowMs;
  }

  /** Does what is due. Answers whether changes were merged into the base table. */
  async run(nowMs: number): Promise<boolean> {
    const state = await this.#lakehouse.describe(this.#history);
    if (!state || state.version === this.#seen) return false;
    const key = keyOf(state);
    const merged = key.length > 0 && (await this.#merge(state, key));
    await this.#compact(state.version);
    const hour = 3_600_000;
    if (nowMs - this.#vacuumedMs > hour) {
      this.#vacuumedMs = nowMs;
      for (const table of key.length > 0 ? [this.#history, this.#base] : [this.#history])
        await this.#lakehouse.vacuum(table, { retentionHours: this.#retentionHours });
    }
    this.#seen = state.version;
    return merged;
  }

  /** Brings the base up to a version of the history, as one version of its own. One instance does: the others find that it is done. */
  async #merge(state: LakeTableState, key: readonly string[]): Promise<boolean> {
    const columns = rowColumns(state.columns);
    await this.#lakehouse.ensureTable(
      this.#base,
      {
        columns: [...columns, ...BASE_COLUMNS],
        description: `rows of ${state.properties[PROPERTY.source]} as of its last compaction`,
        properties: { ...state.properties, [PROPERTY.kind]: 'base' },
      },
      { evolve: true },
    );
    const history = await this.#lakehouse.relation(this.#history, { version: state.version });
    const base = await this.#lakehouse.relation(this.#base);
    try {
      const sql = compactionSql({
        dialect: this.#lakehouse.dialect,
        history: history.sql,
        base: base.sql,
        columns,
        baseColumns: rowColumns(base.state.columns),
        key,
      });
      const txn = { appId: 'lakeloop:compaction', version: state.version };
      const commit = await this.#lakehouse.merge(this.#base, { select: { sql } }, { key, deleted: '_deleted', txn });
      return commit.applied;
    } finally {
      await history.release();
      await base.release();
    }
  }

  async #compact(version: bigint): Promise<void> {
    for (const [index, { everyVersions, bytes }] of STEPS.entries()) {
      if (version - (this.#compacted[index] ?? 0n) < everyVersions) continue;
      await this.#lakehouse.compact(this.#history, { targetFileBytes: bytes });
      this.#compacted[index] = version;
    }
  }
}

export function keyOf({ properties }: Pick<LakeTableState, 'properties'>): string[] {
  const text = properties[PROPERTY.key];
  return text === undefined ? [] : (JSON.parse(text) as string[]);
}
