/**
 * The partitioner of Kafka's Java client: 32-bit murmur2 of the key's bytes
 * (org.apache.kafka.common.utils.Utils.murmur2), so that every producer of a topic agrees on a key's partition.
 */
const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/** Signed 32-bit hash. */
export function murmur2(data: Uint8Array): number {
  const length = data.length;
  let h = SEED ^ length;
  const blocks = length & ~3;
  for (let i = 0; i < blocks; i += 4) {
    let k = data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24);
    k = Math.imul(k, M);
    k ^= k >>> R;
    h = Math.imul(h, M) ^ Math.imul(k, M);
  }
  const rest = length & 3;
  if (rest === 3) h ^= data[blocks + 2]! << 16;
  if (rest >= 2) h ^= data[blocks + 1]! << 8;
  if (rest >= 1) h = Math.imul(h ^ data[blocks]!, M);
  h ^= h >>> 13;
  h = Math.imul(h, M);
  return (h ^ (h >>> 15)) | 0;
}

/** Partition of a key, 0-based; a null key goes to partition 0 (not Kafka's sticky partitioner: decisions.md 19). */
export function partitionOf(key: Uint8Array | null, partitions: number): number {
  return key === null || partitions === 1 ? 0 : (murmur2(key) & 0x7fffffff) % partitions;
}
