import { viewOf } from '#libs/pgoutput/view-of';

/** What one slab holds. A record that is kept keeps its slab, so a slab is no larger than a small batch. */
const SLAB_BYTES = 64 * 1024;
/** Slabs that wait to be written again, at most: what a log that was slow for a while has let grow is not kept. */
const SPARE = 32;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Longer pieces are copied by the runtime, shorter ones by a loop: a call costs as much as about this many bytes. */
const SHORT = 48;
/** The same where the piece is a part of a buffer, which takes an object to be handed over. */
const SHORT_PART = 160;

/** Two-character escapes of JSON by byte; the other control characters are written as \u00XX. */
const ESCAPES: Readonly<Record<number, number>> = { 0x22: 0x22, 0x5c: 0x5c, 0x08: 0x62, 0x09: 0x74, 0x0a: 0x6e, 0x0c: 0x66, 0x0d: 0x72 };
const HEX = Buffer.from('0123456789abcdef');

/** Whether one of these four bytes is a control character, a quotation mark or a backslash (S. E. Anderson, "Bit Twiddling Hacks": a byte less than n, a byte equal to n). */
function hasSpecial(word: number): boolean {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  return ((((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash)) & 0x80808080) !== 0;
}

/**
 * JSON text as UTF-8 bytes, written piece by piece into slabs and handed out as views: the text of a row never becomes a JavaScript string on its way from the
 * server's bytes to the broker's. A slab lives as long as a view on it does, or is written again once it
 * was released.
 */
export class JsonBytes {
  /** Slabs that are full, the oldest first. */
  readonly #full: Buffer<ArrayBuffer>[] = [];
  /** Of which nothing is read any more. */
  readonly #spare: Buffer<ArrayBuffer>[] = [];
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #view = new DataView(this.#slab.buffer);
  #from = 0;
  #at = 0;

  /** What was written since the last call. */
  take(): Buffer {
    const piece = this.#slab.subarray(this.#from, this.#at);
    this.#from = this.#at;
    return piece;
  }

  /** The same as a string. */
  text(): string {
    const text = this.#slab.toString('utf8', this.#from, this.#at);
    this.drop();
    return text;
  }

  /** Neither this piece nor any that was taken before it is read any more: their room is written again. False for a piece of somebody else's. */
  release(piece: Uint8Array): boolean {
    const count = piece.buffer === this.#slab.buffer ? this.#full.length : this.#full.findIndex(({ buffer }) => buffer === piece.buffer);
    if (count < 0) return false;
    for (const slab of this.#full.splice(0, count)) this.#keep(slab);
    return true;
  }

  /** Drops what was written since the last `take`, by one that then failed. */
  drop(): void {
    this.#at = this.#from;
  }

  byte(code: number): void {
    this.#reserve(1);
    this.#slab[this.#at] = code;
    this.#at += 1;
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    if (bytes.length <= SHORT) return this.copy(bytes, 0, bytes.length);
    this.#reserve(bytes.length);
    this.#slab.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Bytes from `start` to `end`, as they are. */
  copy(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#reserve(length);
    const slab = this.#slab;
    let at = this.#at;
    if (length > SHORT_PART) slab.set(bytes.subarray(start, end), at);
    else for (let index = start; index < end; index += 1, at += 1) slab[at] = bytes[index] as number;
    this.#at += length;
  }

  /** Bytes between quotation marks; none of them may need an escape. */
  quoted(bytes: Uint8Array, start: number, end: number): void {
    this.byte(QUOTE);
    this.copy(bytes, start, end);
    this.byte(QUOTE);
  }

  /** UTF-8 bytes as a JSON string, escaped as `JSON.stringify` does. */
  string(bytes: Buffer, start: number, end: number): void {
    this.#reserve(end - start + 2);
    const slab = this.#slab;
    let at = this.#at;
    slab[at] = QUOTE;
    at += 1;
    let index = start;
    const source = viewOf(bytes);
    const target = this.#view;
    for (; index + 4 <= end; index += 4, at += 4) {
      const word = source.getInt32(index);
      if (hasSpecial(word)) break;
      target.setInt32(at, word);
    }
    for (; index < end; index += 1, at += 1) {
      const byte = bytes[index] as number;
      if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) {
        this.#at = at;
        return this.#escaped(bytes, index, end);
      }
      slab[at] = byte;
    }
    slab[at] = QUOTE;
    this.#at = at + 1;
  }

  /** Digits and other plain ASCII. */
  ascii(text: string): void {
    this.#reserve(text.length);
    const slab = this.#slab;
    let at = this.#at;
    for (let index = 0; index < text.length; index += 1, at += 1) slab[at] = text.charCodeAt(index);
    this.#at = at;
  }

  /** A JavaScript string that is JSON text already. */
  json(text: string): void {
    this.#reserve(text.length * 3);
    this.#at += this.#slab.write(text, this.#at);
  }

  /** The rest of a string, from its first byte that needs an escape. */
  #escaped(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve((end - start) * 6 + 1);
    const slab = this.#slab;
    let at = this.#at;
    for (let index = start; index < end; index += 1) {
      const byte = bytes[index] as number;
      const escape = byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? ESCAPES[byte] : byte;
      if (escape === byte && byte !== QUOTE && byte !== BACKSLASH) slab[at++] = byte;
      else {
        slab[at++] = BACKSLASH;
        if (escape === undefined) {
          at += slab.write('u00', at);
          slab[at++] = HEX[byte >> 4] as number;
          slab[at++] = HEX[byte & 15] as number;
        } else slab[at++] = escape;
      }
    }
    slab[at] = QUOTE;
    this.#at = at + 1;
  }

  /** Room for `length` more bytes: what was written since the last `take` moves to a new slab when this one is full. */
  #reserve(length: number): void {
    if (this.#at + length <= this.#slab.length) return;
    const written = this.#at - this.#from;
    const slab = this.#room((written + length) * 2);
    this.#slab.copy(slab, 0, this.#from, this.#at);
    if (this.#from > 0) this.#full.push(this.#slab);
    else this.#keep(this.#slab);
    this.#slab = slab;
    this.#view = new DataView(slab.buffer);
    this.#from = 0;
    this.#at = written;
  }

  #room(bytes: number): Buffer<ArrayBuffer> {
    return (bytes <= SLAB_BYTES ? this.#spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
  }

  #keep(slab: Buffer<ArrayBuffer>): void {
    if (slab.length === SLAB_BYTES && this.#spare.length < SPARE) this.#spare.push(slab);
  }
}
