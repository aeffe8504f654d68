import type { LakeTable, LakeTableState } from '../lakehouse.ts';
import { recordsOf } from './plan.ts';
import { columnsOf } from './schema.ts';
import type { Snapshot } from './snapshot.ts';

/** A snapshot as the port tells of it. Rows are counted where every file has statistics. */
export function stateOf(table: LakeTable, { version, timestampMs, metaData, files }: Snapshot): LakeTableState {
  let rows: bigint | undefined = 0n;
  let bytes = 0n;
  for (const { stats, size } of files.values()) {
    bytes += BigInt(size);
    const records = recordsOf(stats);
    rows = rows === undefined || records === undefined ? undefined : rows + BigInt(records);
  }
  return {
    table,
    version,
    committedAtMs: timestampMs,
    columns: columnsOf(metaData.schemaString),
    partitionBy: metaData.partitionColumns,
    properties: metaData.configuration,
    ...(rows === undefined ? {} : { rows }),
    files: files.size,
    bytes,
  };
}
