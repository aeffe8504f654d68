import { Failure } from '#libs/failure/failure';
import type { Lsn } from '../../pgoutput/lsn.ts';
import { viewOf } from '../../pgoutput/view-of.ts';
import type { Skipped } from './oversized-message.ts';

/** What the walsender sends inside CopyData (PostgreSQL manual, "Streaming Replication Protocol"). */
export type ReplicationEvent =
  /**
   * One message of the output plugin, in the read buffer from `start` to `end`. `lsn` is where the change was logged. `skipped`: the change is over the limit, and
   * the message what is left of it.
   */
  | {
      readonly kind: 'data';
      readonly lsn: Lsn;
      readonly serverEnd: Lsn;
      readonly bytes: Buffer;
      readonly start: number;
      readonly end: number;
      readonly skipped: Skipped | undefined;
    }
  /** Everything that committed before `serverEnd` has been sent. */
  | { readonly kind: 'keepalive'; readonly serverEnd: Lsn; readonly replyRequested: boolean };

const DATA = 0x77;
const KEEPALIVE = 0x6b;
/** Milliseconds from the Unix epoch to PostgreSQL's. */
const EPOCH_MS = 946_684_800_000;

/** A view makes one bigint of eight bytes, `readBigUInt64BE` five on its way. */
function lsnAt(view: DataView, offset: number): Lsn {
  return view.getBigUint64(offset) as Lsn;
}

function sameLsn(view: DataView, one: number, other: number): boolean {
  return view.getUint32(one + 4) === view.getUint32(other + 4) && view.getUint32(one) === view.getUint32(other);
}

/** What lies in `bytes` from `start` to `end`. Throws a `protocol-violation` Failure on anything else. */
export function parseReplicationMessage(bytes: Buffer, start: number, end: number, skipped?: Skipped): ReplicationEvent {
  const kind = bytes[start];
  const length = end - start;
  if (kind === DATA && length >= 25) {
    const view = viewOf(bytes);
    const lsn = lsnAt(view, start + 1);
    // Mostly the same once more.
    const serverEnd = sameLsn(view, start + 1, start + 9) ? lsn : lsnAt(view, start + 9);
    return { kind: 'data', lsn, serverEnd, bytes, start: start + 25, end, skipped };
  }
  if (kind === KEEPALIVE && length === 18) {
    return { kind: 'keepalive', serverEnd: lsnAt(viewOf(bytes), start + 1), replyRequested: bytes[start + 17] === 1 };
  }
  throw new Failure('protocol-violation', `unexpected replication message ${kind ?? 'without bytes'} of ${length} bytes`);
}

/** Standby status update that confirms everything before `durable`: written, flushed and applied alike. `ask`: the server is to say where it is. */
export function standbyStatus(durable: Lsn, nowMs: number, ask = false): Buffer {
  const body = Buffer.alloc(34);
  body[0] = 0x72;
  for (const offset of [1, 9, 17]) body.writeBigUInt64BE(durable, offset);
  body.writeBigInt64BE(BigInt(nowMs - EPOCH_MS) * 1000n, 25);
  body[33] = ask ? 1 : 0;
  return body;
}

/** A message to the server: tag, length, body (PostgreSQL manual, "Message Formats"). */
export function frontendMessage(tag: number, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header[0] = tag;
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}
