import { OFFSET_BITS } from './schema.ts';

/** The bits of a row id that are the offset. */
export const OFFSET_MASK = (1n << OFFSET_BITS) - 1n;

/** Row ids of a partition's records: see schema.ts. */
export function rowId(partitionId: number, offset: number): bigint {
  return (BigInt(partitionId) << OFFSET_BITS) | BigInt(offset);
}

export function offsetOf(row: bigint): number {
  return Number(row & OFFSET_MASK);
}

export function partitionIdOf(row: bigint): number {
  return Number(row >> OFFSET_BITS);
}
