import { Failure } from '#libs/failure/failure';
import { type Action, parseActions, serializeActions } from './actions.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import type { Engine } from './engine.ts';
import type { LocalStorage } from './local-storage.ts';
import { Replay, type Snapshot } from './snapshot.ts';

/** A checkpoint after this many commits. */
const CHECKPOINT_EVERY = 10n;

/** A commit as the log has it. */
export interface Commit {
  version: bigint;
  timestampMs: number;
  actions: Action[];
}

/**
 * The transaction log of one table (Delta protocol, "Delta Log Entries"): `_delta_log/<version, 20 digits>.json`, each made once by whoever comes first, and
 * checkpoints. Snapshots are kept and carried forward, so that the next look costs one file.
 */
export class DeltaLog {
  readonly #storage: LocalStorage;
  readonly #engine: Engine;
  readonly #directory: string;
  #latest: Snapshot | undefined;

  constructor(storage: LocalStorage, engine: Engine, tableDirectory: string) {
    this.#storage = storage;
    this.#engine = engine;
    this.#directory = `${tableDirectory}/_delta_log`;
  }

  /** The newest version; undefined when there is no table. */
  async latest(): Promise<Snapshot | undefined> {
    const known = this.#latest && (await this.#stillThere(this.#latest)) ? this.#latest : undefined;
    const from = known ?? (await this.#load(undefined));
    this.#latest = from && (await this.#forward(from, undefined));
    return this.#latest;
  }

  /** As of a version. Rejects with `position-lost` when the log does not reach it. */
  async at(version: bigint): Promise<Snapshot> {
    const latest = await this.latest();
    if (latest?.version === version) return latest;
    const base = latest && version <= latest.version ? await this.#load(version) : undefined;
    const snapshot = base && (await this.#forward(base, version));
    if (snapshot?.version === version) return snapshot;
    throw new Failure('position-lost', `the table has no version ${version}`, { detail: { version: version.toString() } });
  }

  /** The last version committed at or before a time. */
  async asOf(timeMs: number): Promise<Snapshot> {
    const versions = await this.#versions();
    let found: bigint | undefined;
    for (const version of versions) {
      const commit = await this.commit(version);
      if (!commit || commit.timestampMs > timeMs) break;
      found = version;
    }
    if (found !== undefined) return this.at(found);
    throw new Failure('position-lost', 'the table has no version that old', { detail: { timeMs } });
  }

  /** Undefined when the log does not hold that version (any more, or yet). */
  async commit(version: bigint): Promise<Commit | undefined> {
    const text = await this.#storage.read(this.#file(version));
    if (text === undefined) return undefined;
    const actions = parseActions(text);
    const timestampMs = actions.find(({ commitInfo }) => commitInfo)?.commitInfo?.timestamp ?? 0;
    return { version, timestampMs, actions };
  }

  /** Newest first. */
  async commits(limit: number): Promise<Commit[]> {
    const versions = (await this.#versions()).slice(-limit).toReversed();
    const commits = await Promise.all(versions.map((version) => this.commit(version)));
    return commits.filter((commit) => commit !== undefined);
  }

  /** Makes a version, unless somebody else has: false. */
  async tryCommit(version: bigint, actions: readonly Action[], timestampMs: number): Promise<boolean> {
    if (version === 0n) await this.#storage.makeDirectory(this.#directory);
    if (!(await this.#storage.putIfAbsent(this.#file(version), serializeActions(actions), timestampMs))) return false;
    if (version > 0n && version % CHECKPOINT_EVERY === 0n) await this.#checkpoint(version);
    return true;
  }

  /** Not needed for the table to be right: a failure is left to the next one. */
  async #checkpoint(version: bigint): Promise<void> {
    const snapshot = await this.latest();
    if (snapshot?.version !== version) return;
    await writeCheckpoint(this.#engine, this.#storage, this.#directory, snapshot).catch(() => undefined);
  }

  /** From the newest checkpoint at or before `upTo`, else from version 0. */
  async #load(upTo: bigint | undefined): Promise<Snapshot | undefined> {
    const names = await this.#storage.list(this.#directory);
    const checkpoint = newestCheckpoint(names, upTo);
    if (checkpoint) {
      const replay = new Replay();
      replay.apply(
        await readCheckpoint(
          this.#engine,
          checkpoint.files.map((name) => `${this.#directory}/${name}`),
        ),
      );
      const timestampMs = (await this.commit(checkpoint.version))?.timestampMs ?? 0;
      const snapshot = replay.snapshot(checkpoint.version, timestampMs);
      if (snapshot) return snapshot;
    }
    const first = await this.commit(0n);
    if (!first) return undefined;
    const replay = new Replay();
    replay.apply(first.actions);
    return replay.snapshot(0n, first.timestampMs);
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

  async #versions(): Promise<bigint[]> {
    const names = await this.#storage.list(this.#directory);
    return names
      .filter((name) => /^\d{20}\.json$/.test(name))
      .map((name) => BigInt(name.slice(0, 20)))
      .toSorted((left, right) => (left < right ? -1 : 1));
  }

  #file(version: bigint): string {
    return `${this.#directory}/${version.toString().padStart(20, '0')}.json`;
  }
}

/** Classic checkpoints, of one part or several. One named by a UUID belongs to a table feature that such a table's protocol names. */
function newestCheckpoint(names: readonly string[], upTo: bigint | undefined): { version: bigint; files: string[] } | undefined {
  const found = new Map<bigint, { files: string[]; parts: number }>();
  for (const name of names) {
    const match = /^(\d{20})\.checkpoint(?:\.\d{10}\.(\d{10}))?\.parquet$/.exec(name);
    if (!match) continue;
    const version = BigInt(match[1] as string);
    if (upTo !== undefined && version > upTo) continue;
    const entry = found.get(version) ?? { files: [], parts: match[2] === undefined ? 1 : Number(match[2]) };
    entry.files.push(name);
    found.set(version, entry);
  }
  const whole = [...found].filter(([, { files, parts }]) => files.length >= parts).toSorted(([left], [right]) => (left < right ? 1 : -1));
  return whole[0] && { version: whole[0][0], files: whole[0][1].files };
}
