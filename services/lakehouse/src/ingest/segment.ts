import { type FileHandle, open, rm } from 'node:fs/promises';
import { HEADER } from '#contracts/topics/headers';
import type { StoredRecord } from '#libs/changelog/change-log';
import type { StageThread } from './stage-thread.ts';

export interface Parked {
  record: StoredRecord;
  reason: string;
}

export interface SegmentOptions {
  path: string;
  /** Offset of its first record. */
  from: bigint;
  nowMs: number;
  thread: StageThread;
  source: { schema: string; table: string };
  /** Told of each record that is no change of the table. */
  onParked: (parked: Parked) => void;
}

/** Bytes gathered before they go to the staging thread. */
const CHUNK = 1024 * 1024;

/** Changes of one partition that will be written together: a file of lines, and what is known of them once they are staged. */
export class Segment {
  readonly path: string;
  readonly parked: Parked[] = [];
  readonly names = new Set<string>();
  /** Records taken in, but for tombstones. */
  records = 0;
  longestLine = 0;
  /** Offset after the last record. */
  next: bigint;
  /** When its oldest and newest change were committed at the source, ms; undefined without changes. */
  oldestMs: number | undefined;
  newestMs: number | undefined;
  /** When its first record came, ms. */
  readonly begunMs: number;
  /** The newest event's id. */
  mark: string | undefined;
  readonly #options: SegmentOptions;
  readonly #file: FileHandle;
  #chunk: (StoredRecord & { value: Buffer })[] = [];
  #chunkSize = 0;
  #staging: Promise<void> | undefined;

  private constructor(options: SegmentOptions, file: FileHandle) {
    this.#options = options;
    this.path = options.path;
    this.#file = file;
    this.next = options.from;
    this.begunMs = options.nowMs;
  }

  static async begin(options: SegmentOptions): Promise<Segment> {
    return new Segment(options, await open(options.path, 'wx'));
  }

  get empty(): boolean {
    return this.records === 0;
  }

  /** Whether so much is gathered that it should be spilled before more comes. */
  get full(): boolean {
    return this.#chunkSize >= CHUNK;
  }

  add(record: StoredRecord): void {
    this.next = record.offset + 1n;
    const { value } = record;
    if (value === null) return;
    this.records += 1;
    this.#chunk.push({ ...record, value });
    this.#chunkSize += value.length;
  }

  /** Hands what is gathered to the staging thread; waits for what it was handed before, so that little is on its way. */
  async spill(): Promise<void> {
    await this.#staging;
    const chunk = this.#chunk;
    if (chunk.length === 0) return;
    this.#chunk = [];
    this.#chunkSize = 0;
    this.#staging = this.#stage(chunk);
    // Seen where it is awaited.
    this.#staging.catch(() => undefined);
  }

  /** Everything is in the file, which is closed. */
  async seal(): Promise<void> {
    await this.spill();
    await this.#staging;
    await this.#file.close();
  }

  async discard(): Promise<void> {
    await this.#staging?.catch(() => undefined);
    await this.#file.close().catch(() => undefined);
    await rm(this.path, { force: true });
  }

  async #stage(chunk: readonly (StoredRecord & { value: Buffer })[]): Promise<void> {
    const { thread, source, onParked } = this.#options;
    const bytes = new Uint8Array(chunk.reduce((sum, { value }) => sum + value.length, 0));
    let at = 0;
    for (const { value } of chunk) {
      bytes.set(value, at);
      at += value.length;
    }
    const { rows, names, longestLine, oldestMs, newestMs, parked } = await thread.stage({
      fd: this.#file.fd,
      ...source,
      bytes,
      lengths: Float64Array.from(chunk, ({ value }) => value.length),
      offsets: Float64Array.from(chunk, ({ offset }) => Number(offset)),
      ids: chunk.map(({ headers }) => headers[HEADER.id]),
      actors: chunk.map(({ headers }) => (headers[HEADER.verified] === 'false' ? undefined : headers[HEADER.actor])),
      traceparents: chunk.map(({ headers }) => headers[HEADER.traceparent]),
    });
    for (const name of names) this.names.add(name);
    this.longestLine = Math.max(this.longestLine, longestLine);
    if (rows > 0) {
      this.oldestMs ??= oldestMs;
      this.newestMs = newestMs;
    }
    for (const { index, reason } of parked) {
      const record = chunk[index];
      if (!record) continue;
      this.parked.push({ record, reason });
      onParked({ record, reason });
    }
  }
}
