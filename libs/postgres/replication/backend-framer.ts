import { Failure } from '#libs/failure/failure';
import { OversizedMessage, type Skipped } from './oversized-message.ts';

/** Tag and length of a backend message. */
const HEADER = 5;
/** PostgreSQL's own limit of one message, 1 GiB. */
const LARGEST = 0x4000_0000;
const COPY_DATA = 0x64;

/** A message's tag, and where in `bytes` its body is. `skipped`: it was over the limit, and the body is what remains of it. */
export type OnMessage = (code: number, bytes: Buffer, start: number, end: number, skipped?: Skipped) => void;

/**
 * Cuts a byte stream into PostgreSQL backend messages. A body lies in the chunk it came in, or in one joined buffer when it
 * spanned several: joining happens once a message is complete, so a large row costs linear time. A change over the limit is never held whole.
 */
export class BackendFramer {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #held = 0;
  #wanted = HEADER;
  #oversized: OversizedMessage | undefined;

  /** `maxBytes`: of a message that is held whole. */
  constructor(maxBytes = LARGEST) {
    this.#maxBytes = maxBytes;
  }

  /** Hands over each complete message in order. Throws a `protocol-violation` Failure on an impossible length. */
  push(chunk: Buffer, onMessage: OnMessage): void {
    const bytes = this.#held > 0 ? this.#complete(chunk, onMessage) : chunk;
    let offset = this.#oversized ? this.#skip(bytes, 0, onMessage) : 0;
    while (bytes.length - offset >= HEADER) {
      const total = 1 + lengthAt(bytes, offset);
      if (total > this.#maxBytes && bytes[offset] === COPY_DATA) {
        this.#oversized = new OversizedMessage(total - HEADER);
        offset = this.#skip(bytes, offset + HEADER, onMessage);
        continue;
      }
      if (bytes.length - offset < total) break;
      onMessage(bytes[offset] as number, bytes, offset + HEADER, offset + total);
      offset += total;
    }
    if (offset < bytes.length) this.#start(bytes.subarray(offset));
  }

  /** Joins no more of the chunk than what ends the message that is held; the rest of it, none while the message goes on. */
  #complete(chunk: Buffer, onMessage: OnMessage): Buffer {
    let rest = chunk;
    while (this.#held > 0) {
      const missing = this.#wanted - this.#held;
      this.#hold(rest.subarray(0, missing));
      rest = rest.subarray(missing);
      if (this.#held < this.#wanted) return rest;
      const joined = Buffer.concat(this.#parts, this.#held);
      this.#parts = [];
      this.#held = 0;
      const total = 1 + lengthAt(joined, 0);
      if (joined.length === total) onMessage(joined[0] as number, joined, HEADER, total);
      else if (total > this.#maxBytes && joined[0] === COPY_DATA) this.#oversized = new OversizedMessage(total - HEADER);
      else this.#start(joined);
    }
    return rest;
  }

  /** Lets bytes of the oversized message pass; where the next message begins. */
  #skip(bytes: Buffer, from: number, onMessage: OnMessage): number {
    const message = this.#oversized as OversizedMessage;
    const next = from + message.push(bytes.subarray(from));
    if (!message.complete) return next;
    this.#oversized = undefined;
    const { body, skipped } = message.end();
    onMessage(COPY_DATA, body, 0, body.length, skipped);
    return next;
  }

  #start(rest: Buffer): void {
    this.#wanted = rest.length >= HEADER ? 1 + lengthAt(rest, 0) : HEADER;
    this.#hold(rest);
  }

  #hold(part: Buffer): void {
    this.#parts.push(part);
    this.#held += part.length;
  }
}

function lengthAt(bytes: Buffer, offset: number): number {
  const length = bytes.readUInt32BE(offset + 1);
  if (length < 4 || length > LARGEST)
    throw new Failure('protocol-violation', `the server announced a message of ${length} bytes`, { detail: { tag: bytes[offset] } });
  return length;
}
