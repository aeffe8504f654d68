import type { Socket } from 'node:net';

/** More than this within one window is a backlog, not a trickle. */
const BACKLOG_BYTES = 16_384;
const WINDOW_MS = 1;
const REST_MS = 2;
const LONGEST_REST_MS = 16;
/** A source that sends so much for each millisecond of rest has far more to send: longer rests cost both sides less. */
const FLOOD_BYTES_PER_MS = 32_768;
/** What Node reads at once at most: a read of so much says that more has gathered already. */
const FULL_READ_BYTES = 65_536;

/**
 * Paces reads under a backlog. The walsender writes one message per system call; a reader that wakes for each spends ten times the
 * CPU of one that lets about two milliseconds' worth gather, and slows the server down (docs/adr/0005-replication-over-pg.md).
 * Under a lasting flood rests grow to sixteen: the fewer, the less the server spends on each message. A trickle is read at once, and so is what has gathered while the consumer was busy. `hold` stops reading until `release`, for a consumer that has enough.
 */
export class Pacer {
  readonly #socket: Socket;
  #windowStart = 0;
  #windowBytes = 0;
  #resting = false;
  #restMs = REST_MS;
  /** Read since the last rest. */
  #sinceRest = 0;
  #holding = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Told of every read. */
  read(bytes: number): void {
    const now = performance.now();
    if (now - this.#windowStart > WINDOW_MS) {
      this.#windowStart = now;
      this.#windowBytes = 0;
    }
    this.#windowBytes += bytes;
    this.#sinceRest += bytes;
    if (this.#windowBytes >= BACKLOG_BYTES && bytes < FULL_READ_BYTES && !this.#resting) this.#rest();
  }

  /** Whether what was read last was of a backlog, of which more is expected. */
  get behind(): boolean {
    return this.#windowBytes >= BACKLOG_BYTES;
  }

  hold(): void {
    this.#holding = true;
    this.#socket.pause();
  }

  release(): void {
    this.#holding = false;
    if (!this.#resting) this.#socket.resume();
  }

  #rest(): void {
    this.#resting = true;
    this.#socket.pause();
    this.#restMs = this.#sinceRest > this.#restMs * FLOOD_BYTES_PER_MS ? Math.min(2 * this.#restMs, LONGEST_REST_MS) : REST_MS;
    this.#sinceRest = 0;
    setTimeout(() => {
      this.#resting = false;
      if (!this.#holding) this.#socket.resume();
    }, this.#restMs);
  }
}
