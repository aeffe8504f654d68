import { PgoutputError } from './pgoutput-error.ts';

/** A change message with its large values left out; `decode` reads the payload like any other. */
export interface Skimmed {
  /** The message, a value that was left out as `unchanged`. */
  payload: Buffer;
  /** Bytes of the whole message. */
  bytes: number;
  /** Values left out of the old and of the new row. */
  left: { old: number; new: number };
}

/** Values up to this many bytes are kept: an index entry, and so a key, is smaller (2,704 bytes, unless it compresses). */
const KEPT_BYTES = 4_096;

/** What the reader wants of the bytes next: some to look at, or that some pass by. */
type Want = { take: number } | { pass: number };
type Reading = Generator<Want, void, Buffer>;

/**
 * Reads one message piece by piece and keeps only its small values, so that a row of any size takes little memory and its relation and key
 * are known all the same. Throws `PgoutputError`, and nothing else, on bytes that are no change and no logical message.
 */
export class Skimmer {
  readonly #out: Buffer[] = [];
  readonly #left = { old: 0, new: 0 };
  readonly #reading: Reading;
  #want: Want | undefined;
  #held = Buffer.alloc(0);
  #passed = 0;
  #bytes = 0;

  constructor() {
    this.#reading = this.#message();
    this.#want = this.#reading.next(Buffer.alloc(0)).value ?? undefined;
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    let rest = chunk;
    while (rest.length > 0) {
      if (!this.#want) throw new PgoutputError('', this.#bytes, 'bytes beyond the end of a message');
      rest = 'take' in this.#want ? this.#take(this.#want.take, rest) : this.#pass(this.#want.pass, rest);
    }
  }

  /** The message has ended. */
  end(): Skimmed {
    if (this.#want && !('pass' in this.#want && this.#want.pass === Number.POSITIVE_INFINITY)) {
      throw new PgoutputError('', this.#bytes, 'a message without its end');
    }
    return { payload: Buffer.concat(this.#out), bytes: this.#bytes, left: this.#left };
  }

  #take(wanted: number, chunk: Buffer): Buffer {
    const needed = wanted - this.#held.length;
    this.#held = Buffer.concat([this.#held, chunk.subarray(0, needed)]);
    if (this.#held.length === wanted) {
      const taken = this.#held;
      this.#held = Buffer.alloc(0);
      this.#go(taken);
    }
    return chunk.subarray(needed);
  }

  #pass(wanted: number, chunk: Buffer): Buffer {
    const needed = wanted - this.#passed;
    this.#passed += Math.min(needed, chunk.length);
    if (this.#passed === wanted) {
      this.#passed = 0;
      this.#go(Buffer.alloc(0));
    }
    return chunk.subarray(needed);
  }

  /** Nothing is wanted of no bytes: such wants are met at once. */
  #go(taken: Buffer): void {
    let want = this.#reading.next(taken).value ?? undefined;
    while (want && ('take' in want ? want.take : want.pass) === 0) want = this.#reading.next(Buffer.alloc(0)).value ?? undefined;
    this.#want = want;
  }

  *#message(): Reading {
    const [tag = 0] = yield* this.#keep(1);
    switch (tag) {
      case INSERT:
        yield* this.#keep(4);
        return yield* this.#expectNew();
      case UPDATE:
        yield* this.#keep(4);
        return yield* this.#updated();
      case DELETE:
        yield* this.#keep(5);
        return yield* this.#tuple('old');
      case LOGICAL:
        // Flags and position; neither prefix nor content, so that it means nothing to anybody.
        yield* this.#keep(9);
        this.#out.push(Buffer.alloc(5));
        yield { pass: Number.POSITIVE_INFINITY };
        return;
      default:
        throw new PgoutputError(String.fromCharCode(tag), 0, 'a message of this kind can not be so large');
    }
  }

  *#updated(): Reading {
    const [marker = 0] = yield* this.#keep(1);
    if (marker === NEW) return yield* this.#tuple('new');
    yield* this.#tuple('old');
    yield* this.#expectNew();
  }

  *#expectNew(): Reading {
    const [marker = 0] = yield* this.#keep(1);
    if (marker !== NEW) throw new PgoutputError('', this.#bytes, `tuple marker 0x${marker.toString(16)} where N is due`);
    yield* this.#tuple('new');
  }

  *#tuple(side: 'old' | 'new'): Reading {
    const count = (yield* this.#keep(2)).readUInt16BE();
    for (let index = 0; index < count; index += 1) {
      const kind = yield { take: 1 };
      if (kind[0] !== TEXT && kind[0] !== BINARY) {
        this.#out.push(kind);
        continue;
      }
      const head = yield { take: 4 };
      const length = head.readInt32BE();
      if (length < 0) throw new PgoutputError('', this.#bytes, `a value of ${length} bytes`);
      if (length > KEPT_BYTES) {
        this.#left[side] += 1;
        this.#out.push(Buffer.from([UNCHANGED]));
        yield { pass: length };
      } else {
        this.#out.push(kind, head);
        yield* this.#keep(length);
      }
    }
  }

  *#keep(length: number): Generator<Want, Buffer, Buffer> {
    const bytes = yield { take: length };
    this.#out.push(bytes);
    return bytes;
  }
}

const [INSERT, UPDATE, DELETE, LOGICAL] = [0x49, 0x55, 0x44, 0x4d];
const NEW = 0x4e;
const [TEXT, BINARY, UNCHANGED] = [0x74, 0x62, 0x75];
