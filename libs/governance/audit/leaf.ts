import { createHash } from 'node:crypto';

/** What a leaf is made of: columns of `audit.entry`, images as they are stored. */
export interface LeafEntry {
  /** Digits. */
  id: string;
  operation: string;
  /** Of the entry's `audit.schema_version`. */
  schema: string;
  table: string;
  schemaVersion: number;
  /** The text of `key` as PostgreSQL gives it; null only in the entry without a key that a truncate leaves. */
  key: string | null;
  /** The text of `origin`, as it is stored. */
  origin: string;
  before: readonly (string | null)[] | null;
  after: readonly (string | null)[] | null;
  /** Null where `key` is. */
  salt: Buffer | null;
}

const VERSION_1 = Buffer.from([0x00, 0x01]);
const NONE = Buffer.from([0x00]);
const SOME = Buffer.from([0x01]);

/** The leaf of an audit entry, version 1: docs/adr/0003-audit-leaf.md. 32 bytes. */
export function leafOf(entry: LeafEntry): Buffer {
  const { before, after, salt } = entry;
  const columns = Array.from({ length: (after ?? before ?? []).length }, (_, index) => {
    const salted = sha256(salt ?? Buffer.alloc(0), int4(index + 1));
    return sha256(salted, old(before?.[index] ?? null), fresh(after?.[index] ?? null));
  });
  return sha256(VERSION_1, sha256(Buffer.from(metadataOf(entry))), ...columns);
}

function metadataOf({ id, operation, schema, table, schemaVersion, key, origin }: LeafEntry): string {
  return `[${[id, ...[operation, schema, table].map((name) => JSON.stringify(name)), schemaVersion, key ?? 'null', origin].join(', ')}]`;
}

function old(value: string | null): Buffer {
  if (value === null) return NONE;
  const bytes = Buffer.from(value);
  return Buffer.concat([SOME, int4(bytes.length), bytes]);
}

function fresh(value: string | null): Buffer {
  return value === null ? NONE : Buffer.concat([SOME, Buffer.from(value)]);
}

function int4(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
