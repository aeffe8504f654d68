/** What crosses between a segment and the staging thread. */
export interface StageRequest {
  seq: number;
  /** Of the segment's file, open for writing; descriptors are the process's. */
  fd: number;
  schema: string;
  table: string;
  /** Values one after the other. */
  bytes: Uint8Array;
  lengths: Float64Array;
  offsets: Float64Array;
  ids: (string | undefined)[];
  /** Undefined also where the context was not verified. */
  actors: (string | undefined)[];
  traceparents: (string | undefined)[];
}

/** What was staged of a request. */
export interface Staged {
  rows: number;
  names: string[];
  /** Bytes of the longest line. */
  longestLine: number;
  /** Commit times at the source of the first and last change, ms; undefined without changes. */
  oldestMs: number | undefined;
  newestMs: number | undefined;
  /** Records that are no change of the table, by their place in the request. */
  parked: { index: number; reason: string }[];
}

export type StageReply = { seq: number; staged: Staged } | { seq: number; error: { message: string; code: string | undefined } };
