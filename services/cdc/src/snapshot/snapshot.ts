import type { Snapshot } from '#contracts/topics/snapshot-record';

export type { Snapshot };

export interface SnapshotRequest {
  schema: string;
  table: string;
  where?: string | null;
  key?: string | null;
  maxRowsPerSecond?: number | null;
  cause: string;
}

export function newSnapshot(id: string, { schema, table, where, key, maxRowsPerSecond, cause }: SnapshotRequest, now: number): Snapshot {
  return {
    version: 1,
    id,
    schema,
    table,
    where: where ?? null,
    key: key ?? null,
    maxRowsPerSecond: maxRowsPerSecond ?? null,
    state: 'queued',
    cause,
    after: null,
    until: null,
    order: null,
    rows: 0,
    estimatedRows: null,
    requestedAt: now,
    startedAt: null,
    endedAt: null,
    error: null,
  };
}

export function isOver({ state }: Snapshot): boolean {
  return state === 'completed' || state === 'cancelled' || state === 'failed';
}
