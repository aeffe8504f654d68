import type { Action, AddFile, MetaData, Protocol, RemoveFile } from './actions.ts';

/** A table as of one version: what replaying the log up to it leaves (Delta protocol, "Action Reconciliation"). */
export interface Snapshot {
  version: bigint;
  /** Commit time of the version, ms since the epoch. */
  timestampMs: number;
  protocol: Protocol;
  metaData: MetaData;
  /** Active files by path. */
  files: ReadonlyMap<string, AddFile>;
  /** Removed files by path, as long as the log tells of them: vacuum needs their times. */
  tombstones: ReadonlyMap<string, RemoveFile>;
  transactions: ReadonlyMap<string, bigint>;
}

/** Replays actions in order onto a snapshot, or onto nothing. */
export class Replay {
  #protocol: Protocol | undefined;
  #metaData: MetaData | undefined;
  readonly #files: Map<string, AddFile>;
  readonly #tombstones: Map<string, RemoveFile>;
  readonly #transactions: Map<string, bigint>;

  constructor(from?: Snapshot) {
    this.#protocol = from?.protocol;
    this.#metaData = from?.metaData;
    this.#files = new Map(from?.files);
    this.#tombstones = new Map(from?.tombstones);
    this.#transactions = new Map(from?.transactions);
  }

  /**
   * A commit. Its removals come first, wherever they stand in it: a file whose deletion vector changes is removed and added again under the same path.
   */
  apply(actions: readonly Action[]): void {
    for (const { remove } of actions) {
      if (!remove) continue;
      this.#files.delete(remove.path);
      this.#tombstones.set(remove.path, remove);
    }
    this.#settle(actions);
  }

  /** A part of a checkpoint, where removals are of former states of files and cancel nothing. */
  restore(actions: readonly Action[]): void {
    for (const { remove } of actions) if (remove && !this.#files.has(remove.path)) this.#tombstones.set(remove.path, remove);
    this.#settle(actions);
  }

  #settle(actions: readonly Action[]): void {
    for (const { protocol, metaData, add, txn } of actions) {
      if (protocol) this.#protocol = protocol;
      if (metaData) this.#metaData = metaData;
      if (txn) this.#transactions.set(txn.appId, BigInt(txn.version));
      if (!add) continue;
      this.#files.set(add.path, add);
      this.#tombstones.delete(add.path);
    }
  }

  /** Undefined when the log has told no protocol and no metadata: what it is then is no table. */
  snapshot(version: bigint, timestampMs: number): Snapshot | undefined {
    if (!this.#protocol || !this.#metaData) return undefined;
    return {
      version,
      timestampMs,
      protocol: this.#protocol,
      metaData: this.#metaData,
      files: this.#files,
      tombstones: this.#tombstones,
      transactions: this.#transactions,
    };
  }
}
