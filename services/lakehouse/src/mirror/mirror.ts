import type { LakeTable } from '#libs/lakehouse/lakehouse';
import type { TableName } from '#libs/postgres/identifiers';

/** Snapshot: every row is read when there is a newer version. Incremental: only what became of the rows since the version mirrored. */
export type MirrorMode = 'snapshot' | 'incremental';
export const MIRROR_MODES: readonly MirrorMode[] = ['snapshot', 'incremental'];

/** What is asked of a mirror. */
export interface MirrorDefinition {
  source: LakeTable;
  target: TableName;
  mode: MirrorMode;
  /** Columns of the source that name a row; the target's primary key. */
  key: readonly string[];
  /** Null: refreshed when asked. */
  everyMs: number | null;
}

/** A row of lakeloop.mirror. */
export interface Mirror extends MirrorDefinition {
  id: number;
  state: 'new' | 'current' | 'failed';
  error: string | null;
  /** The version that the target holds; null before the first refresh. */
  version: bigint | null;
  /** When that version was committed, ms: another time means another table of the same name. */
  committedAtMs: number | null;
  /** The source's columns at that version. */
  columns: readonly string[] | null;
  rows: bigint | null;
  refreshedAt: Date | null;
}
