/**
 * Column types as Delta's schema string writes them (Delta protocol, "Schema Serialization Format": primitive types).
 * `other` keeps a type that we read but don't write (struct, array, map …) as its JSON text.
 */
export type LakeType =
  | 'string'
  | 'long'
  | 'integer'
  | 'short'
  | 'byte'
  | 'float'
  | 'double'
  | 'boolean'
  | 'binary'
  | 'date'
  | 'timestamp'
  | 'timestamp_ntz'
  | { decimal: { precision: number; scale: number } }
  | { other: string };

export interface LakeColumn {
  name: string;
  type: LakeType;
  /** Default true. */
  nullable?: boolean;
  comment?: string;
}

/**
 * One value. long: bigint or number; decimal, date, timestamp and string: text (`12.50`, `2026-01-31`, `2026-01-31T08:00:00.123456Z`, timestamp_ntz without `Z`);
 * float and double: number, NaN and ±Infinity included; binary: bytes (base64 text in NDJSON). NaN and ±Infinity in NDJSON: the texts `"NaN"`, `"Infinity"`, `"-Infinity"`.
 * Results: the same, with long as bigint, and `other` as JSON text.
 */
export type LakeValue = string | number | bigint | boolean | Uint8Array | null;
