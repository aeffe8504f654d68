import { createHash } from 'node:crypto';

/** What a leaf is made of: the columns of `audit.entry` as text (UTC, ISO), images as they are stored. */
export interface LeafEntry {
  /** xid, at, actor, agent, on_behalf_of, verified, login, role, schema, table, schema_version, policy_version, epoch, request_id, trace_id, flow, hop, reason. */
  metadata: readonly (string | null)[];
  id: string;
  operation: string;
  /** Text of the jsonb. */
  key: string | null;
  before: readonly (string | null)[] | null;
  after: readonly (string | null)[] | null;
  salt: Buffer;
}

const VERSION_1 = Buffer.from([0x00, 0x01]);
const NONE = Buffer.from([0x00]);
const SOME = Buffer.from([0x01]);

/** The leaf of an audit entry, version 1: docs/adr/0003-audit-leaf.md. 32 bytes. */
export function leafOf({ metadata, id, operation, key, before, after, salt }: LeafEntry): Buffer {
  const columns = Array.from({ length: (after ?? before ?? []).length }, (_, index) => {
    const salted = sha256(salt, int4(index + 1));
    return sha256(salted, old(before?.[index] ?? null), fresh(after?.[index] ?? null));
  });
  return sha256(VERSION_1, sha256(jsonList(metadata)), sha256(jsonList([id, operation, key])), ...columns);
}

function old(value: string | null): Buffer {
  if (value === null) return NONE;
  const bytes = Buffer.from(value);
  return Buffer.concat([SOME, int4(bytes.length), bytes]);
}

function fresh(value: string | null): Buffer {
  return value === null ? NONE : Buffer.concat([SOME, Buffer.from(value)]);
}

/** As PostgreSQL's json_build_array spells it: a blank after each comma. */
function jsonList(items: readonly (string | null)[]): Buffer {
  return Buffer.from(`[${items.map((item) => JSON.stringify(item)).join(', ')}]`);
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
