import { type FileHandle, open, rm } from 'node:fs/promises';
import { stageLine } from '../shape/stage-line.ts';
import type { StoredRecord } from '#libs/changelog/change-log';

export interface Parked {
  record: StoredRecord;
  reason: string;
}

/** Bytes gathered before they are written to the file. */
const CHUNK = 1024 * 1024;

/** Changes of one partition that will be written together: a file of lines, and what is known of them. */
export class Segment {
  readonly path: string;
  readonly parked: Parked[] = [];
  readonly names = new Set<string>();
  rows = 0;
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
  readonly #file: FileHandle;
  #chunk: string[] = [];
  #chunkSize = 0;

  private constructor(path: string, file: FileHandle, from: bigint, nowMs: number) {
    this.path = path;
    this.#file = file;
    this.next = from;
    this.begunMs = nowMs;
  }

  static async begin(path: string, from: bigint, nowMs: number): Promise<Segment> {
    return new Segment(path, await open(path, 'wx'), from, nowMs);
  }

  get empty(): boolean {
    return this.rows === 0 && this.parked.length === 0;
  }

  /** Whether so much is gathered that it should be spilled before more comes. */
  get full(): boolean {
    return this.#chunkSize >= CHUNK;
  }

  /** Takes a record in; one that is no change of this table is parked. */
  add(record: StoredRecord, table: { schema: string; table: string }): void {
    this.next = record.offset + 1n;
    try {
      const staged = stageLine(record);
      if (!staged) return;
      if (staged.schema !== table.schema || staged.table !== table.table) throw new TypeError(`a change of ${staged.schema}.${staged.table}`);
      for (const name of staged.names) this.names.add(name);
      this.oldestMs ??= staged.committedAtMs;
      this.newestMs = staged.committedAtMs;
      this.rows += 1;
      const size = Buffer.byteLength(staged.line);
      this.longestLine = Math.max(this.longestLine, size);
      this.#chunk.push(staged.line, '\n');
      this.#chunkSize += size;
    } catch (error) {
      this.parked.push({ record, reason: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Writes what is gathered to the file. */
  async spill(): Promise<void> {
    const text = this.#chunk.join('');
    this.#chunk = [];
    this.#chunkSize = 0;
    if (text !== '') await this.#file.writeFile(text);
  }

  /** Everything is in the file, which is closed. */
  async seal(): Promise<void> {
    await this.spill();
    await this.#file.close();
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(this.path, { force: true });
  }
}
