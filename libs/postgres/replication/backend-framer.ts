import { Failure } from '#libs/failure/failure';

/** Tag and length of a backend message. */
const HEADER = 5;
/** PostgreSQL's own limit of one message, 1 GiB. */
const LARGEST = 0x4000_0000;

/**
 * Cuts a byte stream into PostgreSQL backend messages. A body lies in the chunk it came in, or in one joined buffer when it
 * spanned several: joining happens once a message is complete, so a large row costs linear time.
 */
export class BackendFramer {
  #parts: Buffer[] = [];
  #held = 0;
  #wanted = HEADER;

  /** Hands over each complete message in order: its tag, and where in `bytes` its body is. Throws a `protocol-violation` Failure on an impossible length. */
  push(chunk: Buffer, onMessage: (code: number, bytes: Buffer, start: number, end: number) => void): void {
    let bytes = chunk;
    if (this.#held > 0) {
      this.#hold(chunk);
      if (this.#held < this.#wanted) return;
      bytes = Buffer.concat(this.#parts, this.#held);
      this.#parts = [];
      this.#held = 0;
    }
    let offset = 0;
    while (bytes.length - offset >= HEADER) {
      const total = 1 + lengthAt(bytes, offset);
      if (bytes.length - offset < total) break;
      onMessage(bytes[offset] as number, bytes, offset + HEADER, offset + total);
      offset += total;
    }
    if (offset < bytes.length) this.#start(bytes.subarray(offset));
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
