/**
 * Actions of the Delta transaction log, as far as they are read and written here (Delta protocol, "Actions"). A commit file holds one JSON object a line, each with one of
 * these keys; keys that are not known here carry nothing that a reader needs, or else a table feature forbids us the table.
 */
export interface Action {
  protocol?: Protocol;
  metaData?: MetaData;
  add?: AddFile;
  remove?: RemoveFile;
  txn?: Txn;
  commitInfo?: CommitInfo;
}

export interface Protocol {
  minReaderVersion: number;
  minWriterVersion: number;
  readerFeatures?: string[];
  writerFeatures?: string[];
}

export interface MetaData {
  id: string;
  name?: string | null;
  description?: string | null;
  format: { provider: string; options: Record<string, string> };
  /** JSON of a struct type. */
  schemaString: string;
  partitionColumns: string[];
  configuration: Record<string, string>;
  createdTime?: number | null;
}

export interface AddFile {
  /** Relative to the table, percent-encoded; or an absolute URI. */
  path: string;
  /** By partition column, as text; null or empty for null. */
  partitionValues: Record<string, string | null>;
  size: number;
  modificationTime: number;
  /** False where rows only moved. */
  dataChange: boolean;
  /** JSON: numRecords, minValues, maxValues, nullCount. */
  stats?: string | null;
  tags?: Record<string, string | null> | null;
  deletionVector?: unknown;
}

export interface RemoveFile {
  path: string;
  deletionTimestamp?: number | null;
  dataChange: boolean;
  extendedFileMetadata?: boolean;
  partitionValues?: Record<string, string | null> | null;
  size?: number | null;
  deletionVector?: unknown;
}

export interface Txn {
  appId: string;
  /** A 64-bit integer: a bigint where it is beyond 2^53. */
  version: number | bigint;
  lastUpdated?: number | null;
}

export interface CommitInfo {
  /** Milliseconds since the epoch. */
  timestamp: number;
  operation: string;
  operationParameters?: Record<string, string>;
  engineInfo?: string;
  /** Where the table keeps commit times in the log itself: the time that counts. */
  inCommitTimestamp?: number;
  [key: string]: unknown;
}

/** A commit file's text. */
export function serializeActions(actions: readonly Action[]): string {
  return actions.map((action) => `${JSON.stringify(action, exactInteger)}\n`).join('');
}

/** The actions of a commit file. Throws a SyntaxError on what is no JSON. */
export function parseActions(text: string): Action[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line, bigVersion) as Action);
}

function exactInteger(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= -BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : JSON.rawJSON(value.toString());
}

function bigVersion(this: unknown, key: string, value: unknown, context?: { source?: string }): unknown {
  if (key !== 'version' || typeof value !== 'number' || Number.isSafeInteger(value) || context?.source === undefined) return value;
  return BigInt(context.source);
}
