import type { Clock } from '#libs/runtime/clock';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { Audience } from './audience.ts';
import { eventText, heartbeat } from './frame.ts';
import type { Subscriber } from './subscriber.ts';

export interface OpenStream {
  audience: Audience;
  subscriber: Subscriber;
  /** When its token ends, ms since the epoch; undefined: never. */
  expiresMs: number | undefined;
}

export interface OpenStreamsOptions {
  clock: Clock;
  /** Milliseconds between heartbeats. */
  heartbeatMs: number;
}

/** How often token ends are looked for, ms. */
const TICK_MS = 500;

/** Every open stream: keeps it awake, ends it with its token, and ends all when the service drains. */
export class OpenStreams implements Lifecycle {
  readonly name = 'open streams';
  readonly #options: OpenStreamsOptions;
  readonly #streams = new Set<OpenStream>();
  #timer: NodeJS.Timeout | undefined;
  #beatMs = 0;

  constructor(options: OpenStreamsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#streams.size;
  }

  add(stream: OpenStream): void {
    this.#streams.add(stream);
    stream.subscriber.stream.onClose(() => this.#streams.delete(stream));
  }

  async run(): Promise<void> {
    this.#beatMs = this.#options.clock.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  /** Clients come back to another instance, with their last cursor. */
  async drain(): Promise<void> {
    clearInterval(this.#timer);
    for (const { subscriber } of this.#streams) subscriber.stream.end();
  }

  async stop(): Promise<void> {
    this.#streams.clear();
  }

  #tick(): void {
    const now = this.#options.clock.now();
    for (const { expiresMs, subscriber } of this.#streams) {
      if (expiresMs !== undefined && expiresMs <= now)
        subscriber.stream.end(eventText('expired', { detail: 'the token has ended: come back with a fresh one' }));
    }
    if (now - this.#beatMs < this.#options.heartbeatMs) return;
    this.#beatMs = now;
    this.#beat();
  }

  #beat(): void {
    const positions = new Map<Audience, string | undefined>();
    for (const { audience, subscriber } of this.#streams) {
      if (!positions.has(audience)) positions.set(audience, audience.position());
      const position = positions.get(audience);
      subscriber.stream.send(heartbeat(position === undefined ? undefined : `${position}${subscriber.suffix}`), 1);
    }
  }
}
