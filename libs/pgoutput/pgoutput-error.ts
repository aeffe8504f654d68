/** Bytes that are no pgoutput message. The only thing that decoding throws. */
export class PgoutputError extends Error {
  /** Byte offset in the message at which reading failed. */
  readonly offset: number;
  /** The message's tag as a character; empty when there was none. */
  readonly tag: string;
  readonly reason: string;

  constructor(tag: string, offset: number, reason: string) {
    super(`malformed pgoutput message ${tag === '' ? '(no tag)' : JSON.stringify(tag)} at byte ${offset}: ${reason}`);
    this.name = 'PgoutputError';
    this.tag = tag;
    this.offset = offset;
    this.reason = reason;
  }
}
