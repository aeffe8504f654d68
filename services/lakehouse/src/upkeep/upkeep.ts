import { BASE_COLUMNS, baseName, currentName, PROPERTY, rowColumns } from '#libs/lakehouse/history/history-columns';
import { compactionSql, currentSql, lackingSql, lastTruncateSql, type Position, type Slice } from '#libs/lakehouse/history/current-sql';
import { baseProgress, historyProgress } from '#libs/lakehouse/history/progress';
import type { LakeValue } from '#libs/lakehouse/lake-type';
import type { LakeRelation, LakeTable, LakeTableState, Lakehouse } from '#libs/lakehouse/lakehouse';
import { classify } from '#libs/failure/classify';
import { FileSteps } from './file-steps.ts';

/** Changes that one version of the base takes in: what bounds the memory of a merge, however far behind the base is. */
export const SLICE_CHANGES = 250_000n;
/** A merge may rewrite the whole base, so it waits until there are changes for one row in so many. */
const SHARE = 20n;
const HOUR_MS = 3_600_000;

export interface UpkeepOptions {
  lakehouse: Lakehouse;
  source: { schema: string; table: string };
  topic: string;
  history: LakeTable;
  retentionHours: number;
  nowMs: number;
  /** Nothing new begins once it is aborted. */
  signal?: AbortSignal;
  sliceChanges?: bigint;
}

/** Merges and clean-up of one source table's derived tables. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #base: LakeTable;
  readonly #files: readonly FileSteps[];
  #seen = -1n;
  /** The history's columns that the base has and the view shows. */
  #shown: string | undefined;
  #vacuumedMs: number;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#base = { schema: options.source.schema, name: baseName(options.source.table) };
    this.#files = [options.history, this.#base].map((table) => new FileSteps(options.lakehouse, table));
    this.#vacuumedMs = options.nowMs;
  }

  /** Does what is due for a topic of so many partitions. Answers how many merges into the base table there were. */
  async run(nowMs: number, partitions = 1): Promise<number> {
    const { lakehouse, history, retentionHours } = this.#options;
    const state = await lakehouse.describe(history);
    if (!state || state.version === this.#seen) return 0;
    const key = keyOf(state);
    const merges = key.length > 0 ? await this.#mergeAll(state, key, partitions) : 0;
    for (const files of this.#files) await files.run();
    if (nowMs - this.#vacuumedMs > HOUR_MS) {
      this.#vacuumedMs = nowMs;
      for (const table of key.length > 0 ? [history, this.#base] : [history]) await lakehouse.vacuum(table, { retentionHours });
    }
    this.#seen = state.version;
    return merges;
  }

  /** Brings the base up to where the history is now, slice by slice. */
  async #mergeAll(state: LakeTableState, key: readonly string[], partitions: number): Promise<number> {
    const { lakehouse, history, topic } = this.#options;
    await this.#show(state, key);
    const rows = (await lakehouse.describe(this.#base))?.rows ?? 0n;
    const ends = await Promise.all(Array.from({ length: partitions }, (_, partition) => lakehouse.lastTransaction(history, historyProgress(topic, partition))));
    const begins = await Promise.all(ends.map((_, partition) => lakehouse.lastTransaction(this.#base, baseProgress(partition))));
    const waiting = ends.reduce<bigint>((sum, end, partition) => sum + ((end ?? 0n) - (begins[partition] ?? 0n)), 0n);
    if (waiting === 0n || waiting * SHARE < rows) return 0;
    // Looked for once: a truncate that comes from here on is of a later slice of its own partition, which ends what these bring.
    const truncated = await this.#lastTruncate();
    let merges = 0;
    for (const [partition, end = 0n] of ends.entries()) {
      for (let from = begins[partition] ?? 0n; from < end && !this.#options.signal?.aborted;) {
        const slice = { partition, from, to: min(end, from + (this.#options.sliceChanges ?? SLICE_CHANGES)) };
        // Another instance is at it: this partition is its own for now.
        if (!(await this.#merge(slice, key, truncated))) break;
        merges += 1;
        from = slice.to;
      }
    }
    return merges;
  }

  /**
   * Makes a base with the history's columns, and then, where the lakehouse has views, one of the current rows: before anything is merged, or the view would
   * not show a new column of rows that are in the base already.
   */
  async #show(state: LakeTableState, key: readonly string[]): Promise<void> {
    const { lakehouse, history, source } = this.#options;
    const columns = rowColumns(state.columns);
    const shown = JSON.stringify(columns);
    if (shown === this.#shown) return;
    const name = state.properties[PROPERTY.source];
    const definition = {
      columns: [...columns, ...BASE_COLUMNS],
      description: `rows of ${name} as of its last compaction`,
      properties: { ...state.properties, [PROPERTY.kind]: 'base' },
    };
    const base = await lakehouse.ensureTable(this.#base, definition, { evolve: true });
    await lakehouse.replaceView(
      { schema: source.schema, name: currentName(source.table) },
      (of) => currentSql({ dialect: lakehouse.dialect, history: of(history), base: of(this.#base), columns, baseColumns: rowColumns(base.columns), key }),
      `current rows of ${name}`,
    );
    this.#shown = shown;
  }

  /** One slice as one version of the base. False when another instance was faster: nothing is in then. */
  async #merge(slice: Slice, key: readonly string[], truncated: Position | undefined): Promise<boolean> {
    const { lakehouse } = this.#options;
    const history = await lakehouse.relation(this.#options.history);
    let base: LakeRelation | undefined;
    try {
      await this.#show(history.state, key);
      base = await lakehouse.relation(this.#base);
      const columns = rowColumns(history.state.columns);
      const input = { dialect: lakehouse.dialect, history: history.sql, base: base.sql, columns, baseColumns: rowColumns(base.state.columns), key };
      const lacking = (await this.#first(lackingSql(lakehouse.dialect, history.sql, slice))) !== undefined;
      const sql = compactionSql(input, slice, { truncated, lacking });
      const txn = { appId: baseProgress(slice.partition), version: slice.to, after: slice.from === 0n ? null : slice.from };
      const commit = await lakehouse.merge(this.#base, { select: { sql } }, { key, deleted: '_deleted', txn });
      return commit.applied;
    } catch (error) {
      if (classify(error).kind === 'conflict') return false;
      throw error;
    } finally {
      await history.release();
      await base?.release();
    }
  }

  async #lastTruncate(): Promise<Position | undefined> {
    const { lakehouse } = this.#options;
    const history = await lakehouse.relation(this.#options.history);
    try {
      const row = await this.#first(lastTruncateSql(lakehouse.dialect, history.sql));
      return row && { lsn: BigInt(String(row[0])), ordinal: BigInt(String(row[1])) };
    } finally {
      await history.release();
    }
  }

  async #first(sql: string): Promise<readonly LakeValue[] | undefined> {
    const { chunks } = await this.#options.lakehouse.query({ sql });
    const rows: (readonly LakeValue[])[] = [];
    for await (const chunk of chunks) rows.push(...chunk);
    return rows[0];
  }
}

function min(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

export function keyOf({ properties }: Pick<LakeTableState, 'properties'>): string[] {
  const text = properties[PROPERTY.key];
  return text === undefined ? [] : (JSON.parse(text) as string[]);
}
