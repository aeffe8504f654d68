import { Failure } from '#libs/failure/failure';
import { PgoutputError } from '../../pgoutput/pgoutput-error.ts';
import { Skimmer } from '../../pgoutput/skimmer.ts';

/** What was left out of a change that is over the limit while it was read. */
export interface Skipped {
  /** Bytes of the change as the server sent it. */
  bytes: number;
  /** Values left out of the old and of the new row. */
  left: { old: number; new: number };
}

/** Kind, two positions and a time before the plugin's own message. */
const OPENING = 25;

/** A CopyData message over the limit, of which only the small values are kept as it passes by. */
export class OversizedMessage {
  readonly #skimmer = new Skimmer();
  #opening = Buffer.alloc(0);
  #missing: number;

  /** `bytes`: of the body. */
  constructor(bytes: number) {
    this.#missing = bytes;
  }

  get complete(): boolean {
    return this.#missing === 0;
  }

  /** Takes its own bytes from the beginning of `chunk`; how many that were. */
  push(chunk: Buffer): number {
    const own = chunk.subarray(0, this.#missing);
    this.#missing -= own.length;
    const opening = own.subarray(0, OPENING - this.#opening.length);
    this.#opening = Buffer.concat([this.#opening, opening]);
    reading(() => this.#skimmer.push(own.subarray(opening.length)));
    return own.length;
  }

  /** Body of a CopyData message with what is left. Throws a `protocol-violation` Failure on bytes that are no change. */
  end(): { body: Buffer; skipped: Skipped } {
    const { payload, bytes, left } = reading(() => this.#skimmer.end());
    return { body: Buffer.concat([this.#opening, payload]), skipped: { bytes, left } };
  }
}

function reading<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof PgoutputError)) throw error;
    throw new Failure('protocol-violation', error.message, { cause: error, detail: { tag: error.tag, offset: error.offset } });
  }
}
