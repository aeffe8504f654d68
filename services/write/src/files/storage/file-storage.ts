import type { Readable } from 'node:stream';

/** Bytes of a file, whole or in part. */
export interface StoredBytes {
  /** Of the whole file. */
  size: number;
  /** To be read to its end, or destroyed. */
  body: Readable;
}

/** First and last byte, both included. */
export interface ByteRange {
  first: number;
  last: number;
}

/**
 * Where the bytes of files lie, by an id that is chosen anew for each upload (a UUID): one id is written once, and never with other bytes. What failed, was cut
 * off or was killed amid a `write` is nobody's file: it is not there for `open`, and `remove` takes away whatever is left of it.
 *
 * Errors are failures: `storage-full`, `misconfigured` (no right to the place, no such place), `dependency-unavailable`. Those of the stream given to `write`
 * pass unchanged.
 */
export abstract class FileStorage {
  /** Durable, and there for everybody, when it resolves. Takes the bytes as they come, within bounded memory. */
  abstract write(id: string, bytes: Readable): Promise<void>;

  /** Undefined where there is no such file. A range lies within the file. */
  abstract open(id: string, range?: ByteRange): Promise<StoredBytes | undefined>;

  /** In bytes; undefined where there is no such file. */
  abstract size(id: string): Promise<number | undefined>;

  /** For good; whatever was there. */
  abstract remove(id: string): Promise<void>;

  abstract close(): Promise<void>;
}
