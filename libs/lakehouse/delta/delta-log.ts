import { Failure } from '#libs/failure/failure';
import { hit } from '#libs/runtime/failpoints';
import { type Action, parseActions, serializeActions } from './actions.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { cleanLog } from './log-cleanup.ts';
import { checkpoints, commitName, commitVersions, hasV2Checkpoint } from './log-names.ts';
import { Replay, type Snapshot } from './snapshot.ts';
import { upkeepOf } from './table-properties.ts';
import type { Workplace } from './workplace.ts';

/** Looks at a log that others clean, before it counts as short. */
const MOST_LOOKS = 10;
/** Snapshots of past versions that are kept at hand. */
const MOST_RECENT = 4;

/** A commit as the log has it. */
export interface Commit {
  version: bigint;
  timestampMs: number;
  actions: Action[];
}

/** A version may or may not have been made: whoever wrote its files must leave them. */
export class UncertainCommit extends Failure {}

/**
 * The transaction log of one table (Delta protocol, "Delta Log Entries"): `_delta_log/<version, 20 digits>.json`, each made once by whoever comes first, and
 * checkpoints. Snapshots are kept and carried forward, so that the next look costs one file.
 */
export class DeltaLog {
  readonly #workplace: Workplace;
  readonly #directory: string;
  #latest: Snapshot | undefined;
  #recent: Snapshot[] = [];

  constructor(workplace: Workplace, tableDirectory: string) {
    this.#workplace = workplace;
    this.#directory = `${tableDirectory}/_delta_log`;
  }

  /** The newest version; undefined when there is no table. Rejects with `position-lost` when commits are missing in between. */
  async latest(): Promise<Snapshot | undefined> {
    const known = this.#latest && (await this.#stillThere(this.#latest)) ? this.#latest : undefined;
    if (!known) this.#recent = [];
    this.#latest = known ? await this.#forward(known, undefined) : await this.#loadLatest();
    if (this.#latest && this.#latest !== known) this.#remember(this.#latest);
    return this.#latest;
  }

  /** As of a version. Rejects with `position-lost` when the log does not reach it. */
  async at(version: bigint): Promise<Snapshot> {
    const latest = await this.latest();
    const known = this.#recent.find((snapshot) => snapshot.version === version);
    if (known) return known;
    const base = latest && version >= 0n && version <= latest.version ? await this.#load(await this.#names(), version) : undefined;
    const snapshot = base && (await this.#forward(base, version));
    if (snapshot?.version !== version) throw new Failure('position-lost', `the table has no version ${version}`, { detail: { version: version.toString() } });
    this.#remember(snapshot);
    return snapshot;
  }

  /** The last version committed at or before a time. Commit times rise with versions, so a few commits tell. */
  async asOf(timeMs: number): Promise<Snapshot> {
    const versions = commitVersions(await this.#names());
    let [low, high] = [0, versions.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const commit = await this.commit(versions[middle] as bigint);
      if (commit && commit.timestampMs <= timeMs) low = middle + 1;
      else high = middle;
    }
    const found = versions[low - 1];
    if (found !== undefined) return this.at(found);
    throw new Failure('position-lost', 'the table has no version that old', { detail: { timeMs } });
  }

  /** Undefined when the log does not hold that version (any more, or yet). */
  async commit(version: bigint): Promise<Commit | undefined> {
    const stored = await this.#workplace.storage.read(this.#file(version));
    if (stored === undefined) return undefined;
    const actions = this.#parse(version, stored.text);
    const info = actions.find(({ commitInfo }) => commitInfo)?.commitInfo;
    return { version, timestampMs: info?.inCommitTimestamp ?? info?.timestamp ?? Math.floor(stored.modifiedMs), actions };
  }

  /** Newest first. */
  async commits(limit: number): Promise<Commit[]> {
    const versions = commitVersions(await this.#names())
      .slice(-Math.max(0, limit))
      .toReversed();
    const commits: Commit[] = [];
    for (const version of limit > 0 ? versions : []) {
      const commit = await this.commit(version);
      if (commit) commits.push(commit);
    }
    return commits;
  }

  /**
   * Makes a version, unless somebody else has: false. The actions must hold something that no other writer's have, so that a commit whose answer was lost is
   * known again. Rejects with `UncertainCommit` where it can't be known.
   */
  async tryCommit(version: bigint, actions: readonly Action[], timestampMs: number): Promise<boolean> {
    if (!(await this.#put(version, serializeActions(actions), timestampMs))) return false;
    await hit('delta.after-commit');
    await this.#upkeep(version);
    return true;
  }

  async #put(version: bigint, text: string, timestampMs: number): Promise<boolean> {
    const { storage } = this.#workplace;
    try {
      if (await storage.putIfAbsent(this.#file(version), text, timestampMs)) return true;
      return (await storage.read(this.#file(version)))?.text === text;
    } catch (cause) {
      const kind = cause instanceof Failure ? cause.kind : 'bug';
      const found = await storage.read(this.#file(version)).catch(() => undefined);
      if (found?.text === text) {
        await storage.settle(this.#directory);
        return true;
      }
      if (kind === 'storage-full' || kind === 'misconfigured') throw cause;
      const reason = cause instanceof Failure ? `: ${cause.message}` : '';
      throw new UncertainCommit(kind, `the lakehouse did not answer whether it took version ${version}${reason}`, { cause });
    }
  }

  /** Checkpoint and cleanup. The table is right without: a failure is left to the next time. */
  async #upkeep(version: bigint): Promise<void> {
    try {
      const snapshot = await this.latest();
      if (!snapshot || version === 0n) return;
      const { checkpointEvery, cleansLog, logRetentionMs } = upkeepOf(snapshot.metaData.configuration);
      if (version % checkpointEvery !== 0n) return;
      await writeCheckpoint(this.#workplace, this.#directory, await this.at(version));
      if (cleansLog) await cleanLog(this.#workplace.storage, this.#directory, Date.now() - logRetentionMs);
    } catch {
      return;
    }
  }

  /** What somebody else's cleanup took away between our look at the directory and our reading is looked for anew: only a log that stands still is short of it. */
  async #loadLatest(): Promise<Snapshot | undefined> {
    for (let looks = 1; ; looks += 1) {
      const names = await this.#names();
      await hit('delta.log-listed');
      try {
        return await this.#loadNewest(names);
      } catch (error) {
        const lost = error instanceof Failure && error.kind === 'position-lost';
        if (!lost || looks === MOST_LOOKS || String(await this.#names()) === String(names)) throw error;
      }
    }
  }

  async #loadNewest(names: readonly string[]): Promise<Snapshot | undefined> {
    const newest = commitVersions(names).at(-1);
    const base = await this.#load(names, undefined);
    if (!base) {
      if (newest === undefined) return undefined;
      if (hasV2Checkpoint(names))
        throw new Failure('unsupported', 'the table uses v2Checkpoint, which is not built here: it can not be read', { detail: { feature: 'v2Checkpoint' } });
      throw new Failure('position-lost', 'the log of the table begins with neither version 0 nor a checkpoint');
    }
    const snapshot = await this.#forward(base, undefined);
    if (newest !== undefined && snapshot.version < newest)
      throw new Failure('position-lost', `the log of the table lacks version ${snapshot.version + 1n}, though there are later ones`);
    return snapshot;
  }

  /** From the newest checkpoint at or before `upTo` that can be read, else from version 0. */
  async #load(names: readonly string[], upTo: bigint | undefined): Promise<Snapshot | undefined> {
    for (const { version, names: files } of checkpoints(names)) {
      if (upTo !== undefined && version > upTo) continue;
      const snapshot = await this.#fromCheckpoint(version, files);
      if (snapshot) return snapshot;
    }
    const first = await this.commit(0n);
    if (!first) return undefined;
    const replay = new Replay();
    replay.apply(first.actions);
    return replay.snapshot(0n, first.timestampMs);
  }

  /** Undefined when the checkpoint is damaged: an older one, and more commits, tell the same. */
  async #fromCheckpoint(version: bigint, names: readonly string[]): Promise<Snapshot | undefined> {
    const replay = new Replay();
    try {
      const paths = names.map((name) => `${this.#directory}/${name}`);
      for await (const actions of readCheckpoint(this.#workplace, paths)) replay.restore(actions);
    } catch (error) {
      if (error instanceof Failure && error.kind === 'overloaded') throw error;
      return undefined;
    }
    return replay.snapshot(version, (await this.commit(version))?.timestampMs ?? 0);
  }

  async #forward(from: Snapshot, upTo: bigint | undefined): Promise<Snapshot> {
    let replay: Replay | undefined;
    let { version, timestampMs } = from;
    while (upTo === undefined || version < upTo) {
      const commit = await this.commit(version + 1n);
      if (!commit) break;
      replay ??= new Replay(from);
      replay.apply(commit.actions);
      ({ version, timestampMs } = commit);
    }
    return replay?.snapshot(version, timestampMs) ?? from;
  }

  /** Not so when the table was dropped, or dropped and made anew, behind the snapshot that we keep. */
  async #stillThere({ version, timestampMs }: Snapshot): Promise<boolean> {
    return (await this.commit(version))?.timestampMs === timestampMs;
  }

  #remember(snapshot: Snapshot): void {
    this.#recent = [snapshot, ...this.#recent.filter(({ version }) => version !== snapshot.version)].slice(0, MOST_RECENT);
  }

  #parse(version: bigint, text: string): Action[] {
    try {
      return parseActions(text);
    } catch (cause) {
      throw new Failure('protocol-violation', `version ${version} of the table's log can not be read: it is not lines of JSON`, { cause });
    }
  }

  #names(): Promise<string[]> {
    return this.#workplace.storage.list(this.#directory);
  }

  #file(version: bigint): string {
    return `${this.#directory}/${commitName(version)}`;
  }
}
