import { IS_CONTROL, type RecordsBatch } from './protocol.ts';
import type { StoredRecord } from '../change-log.ts';

/**
 * Records of a fetched partition from `position` on, without control records (transaction markers), and the offset up to which all was
 * seen. A batch may begin before the position, and compaction leaves gaps.
 */
export function decodeRecords(
  batches: readonly RecordsBatch[] | null | undefined,
  topic: string,
  partition: number,
  position: bigint,
): { records: StoredRecord[]; through: bigint } {
  const records: StoredRecord[] = [];
  let through = position;
  for (const batch of batches ?? []) {
    const end = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
    if (end > through) through = end;
    if ((batch.attributes & IS_CONTROL) !== 0) continue;
    for (const { offsetDelta, timestampDelta, key, value, headers } of batch.records) {
      const offset = batch.firstOffset + BigInt(offsetDelta);
      if (offset < position) continue;
      const timestampMs = Number(batch.firstTimestamp + timestampDelta);
      records.push({
        topic,
        partition,
        offset,
        timestampMs,
        key,
        value,
        headers: Object.fromEntries(headers.map(([name, text]) => [String(name), text?.toString() ?? ''])),
      });
    }
  }
  return { records, through };
}
