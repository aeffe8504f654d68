import { isUtf8 } from 'node:buffer';
import type { Lsn } from './lsn.ts';
import { PgoutputError } from './pgoutput-error.ts';

/** Reads big-endian fields of a part of a buffer in order. Every read is checked against the end and throws `PgoutputError` past it. */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #tag: string;
  readonly #start: number;
  readonly #end: number;
  #offset: number;

  constructor(bytes: Buffer, tag: string, start: number, end: number) {
    this.#bytes = bytes;
    this.#tag = tag;
    this.#start = start;
    this.#end = end;
    this.#offset = start;
  }

  get buffer(): Buffer {
    return this.#bytes;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#end - this.#offset;
  }

  uint8(): number {
    return this.#bytes[this.#advance(1)] as number;
  }

  uint16(): number {
    const at = this.#advance(2);
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  int32(): number {
    const at = this.#advance(4);
    const bytes = this.#bytes;
    return ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#advance(8));
  }

  lsn(): Lsn {
    return this.#bytes.readBigUInt64BE(this.#advance(8)) as Lsn;
  }

  /** A view, not a copy. */
  bytes(length: number): Buffer {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Passes over `length` bytes; returns where they start. */
  skip(length: number): number {
    return this.#advance(length);
  }

  /** NUL-terminated UTF-8. */
  string(): string {
    const start = this.#offset;
    const end = this.#bytes.indexOf(0, start);
    if (end === -1 || end >= this.#end) this.fail('a string without its end');
    const bytes = this.#bytes.subarray(start, end);
    if (!isUtf8(bytes)) this.fail('a string that is not UTF-8');
    this.#offset = end + 1;
    return bytes.toString('utf8');
  }

  /** Checks that `count` items of at least `size` bytes can follow, before anything is allocated for them. */
  expectItems(count: number, size: number): void {
    if (count < 0 || count * size > this.remaining) this.fail(`${count} items announced, ${this.remaining} bytes left`);
  }

  end(): void {
    if (this.remaining !== 0) this.fail(`${this.remaining} bytes too many`);
  }

  fail(reason: string): never {
    throw new PgoutputError(this.#tag, this.#offset - this.#start, reason);
  }

  #advance(length: number): number {
    const start = this.#offset;
    if (length < 0 || length > this.#end - start) this.fail(`${length} bytes wanted, ${this.remaining} left`);
    this.#offset = start + length;
    return start;
  }
}
