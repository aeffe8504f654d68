import type { ChunkReader, OpenChunk, Wanted } from './chunk-reader.ts';

/** Opens the next chunk's window while the chunk before it is read, so that reading waits neither for the catalogue nor for a commit. */
export class OpenAhead {
  readonly #reader: ChunkReader;
  readonly #target: Wanted;
  #next: Promise<OpenChunk> | undefined;

  constructor(reader: ChunkReader, target: Wanted) {
    this.#reader = reader;
    this.#target = target;
  }

  /** For the chunk to be read now. */
  take(): Promise<OpenChunk> {
    const next = this.#next ?? this.#reader.open(this.#target);
    this.#next = undefined;
    return next;
  }

  /** One more chunk is likely, and soon: a window that stays open gathers every change of the table. */
  prepare(): void {
    this.#next ??= this.#reader.open(this.#target);
    // Told to whoever takes it.
    this.#next.catch(() => undefined);
  }

  /** No other chunk is read. */
  async close(): Promise<void> {
    const next = await this.#next?.catch(() => undefined);
    if (next) this.#reader.forget(next);
  }
}
