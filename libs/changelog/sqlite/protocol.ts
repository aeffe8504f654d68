/**
 * Records in one piece of memory, so that a batch crosses threads as two copies of memory instead of thousands of objects.
 * `meta` has STRIDE numbers a record: place, timestamp ms, then byte lengths of key, value (-1: null) and headers (JSON).
 * Place is the partition's id on the way in, the offset on the way out.
 */
export interface PackedRecords {
  meta: Float64Array<ArrayBuffer>;
  bytes: Uint8Array<ArrayBuffer>;
}
export const STRIDE = 5;

export interface TopicState {
  name: string;
  cleanup: 'delete' | 'compact';
  partitions: PartitionStart[];
}
export interface PartitionStart {
  id: number;
  earliest: number;
  next: number;
}

/** What the writer thread is asked; each answer carries the request's `seq`. */
export type WriterRequest =
  | { type: 'topic'; name: string; partitions: number; cleanup: 'delete' | 'compact'; retentionMs: number | null }
  | { type: 'producer'; name: string }
  | { type: 'append'; producer: string; epoch: number; records: PackedRecords }
  | { type: 'commit'; group: string; partitionId: number; next: number }
  | { type: 'committed'; group: string; partitionIds: number[] }
  | { type: 'ping' }
  | { type: 'close' };

export interface AppendReply {
  timestampMs: number;
  /** Partition id and the offset of its first record in the call. */
  starts: [partitionId: number, firstOffset: number][];
}

export type ReaderRequest = { type: 'read'; partitionId: number; from: number; to: number; maxRecords: number; maxBytes: number } | { type: 'close' };
export interface ReadReply {
  records: PackedRecords;
  /** Everything below this offset has been read. */
  through: number;
}

export interface WireFailure {
  kind: 'fenced' | 'misconfigured' | 'storage-full' | 'dependency-unavailable' | 'bug' | 'invalid-input';
  message: string;
}

/** From a thread: answers, and the writer's news that retention moved a partition's start. */
export type ThreadMessage = { seq: number; value: unknown } | { seq: number; failure: WireFailure } | { trimmed: [partitionId: number, earliest: number][] };
