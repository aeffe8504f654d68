import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { ProblemException } from '#libs/runtime/http/problem';

export interface MeterOptions {
  /** Most bytes that may pass. */
  maxBytes: number;
  /** Longest pause between two pieces, ms. */
  stallMs: number;
}

/** Lets bytes pass, counts and hashes them. Ends with 413 beyond the limit, with 408 where none come any more. */
export class Meter extends Transform {
  readonly #options: MeterOptions;
  readonly #digest = createHash('sha256');
  readonly #stalled: NodeJS.Timeout;
  #bytes = 0;

  constructor(options: MeterOptions) {
    super();
    this.#options = options;
    this.#stalled = setTimeout(() => this.destroy(new ProblemException(408, 'timeout', 'no more of the file came')), options.stallMs);
    this.once('close', () => clearTimeout(this.#stalled));
  }

  /** Of what has passed. Once. */
  result(): { size: number; sha256: string } {
    return { size: this.#bytes, sha256: this.#digest.digest('hex') };
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#stalled.refresh();
    this.#bytes += piece.length;
    if (this.#bytes > this.#options.maxBytes) return done(tooLarge(this.#options.maxBytes));
    this.#digest.update(piece);
    done(null, piece);
  }
}

export function tooLarge(maxBytes: number): ProblemException {
  return new ProblemException(413, 'too-large', `a file may have ${maxBytes} bytes`, { limit: maxBytes });
}
