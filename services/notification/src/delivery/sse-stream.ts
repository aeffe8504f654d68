import type { ServerResponse } from 'node:http';

/** What one client may leave unread. */
export interface StreamLimits {
  /** Events handed over and not yet taken by its connection. */
  maxEvents: number;
  maxBytes: number;
}

/**
 * One response as an event stream, with a bounded buffer: a client that does not read is cut off, so that it costs nobody else
 * anything. It may come back with its last cursor.
 */
export class SseStream {
  readonly #response: ServerResponse;
  readonly #limits: StreamLimits;
  readonly #onSlow: (waiting: { events: number; bytes: number }) => void;
  #waiting = 0;
  #room = Promise.withResolvers<void>();
  #closed = false;

  constructor(response: ServerResponse, limits: StreamLimits, onSlow: (waiting: { events: number; bytes: number }) => void) {
    this.#response = response;
    this.#limits = limits;
    this.#onSlow = onSlow;
    this.#closed = response.destroyed;
    response.on('close', () => (this.#closed = true));
    response.on('error', () => undefined);
  }

  /** Sends the head. `X-Accel-Buffering` keeps nginx from holding events back. */
  open(headers: Readonly<Record<string, string | string[]>>): void {
    // The body ends with the connection (RFC 9112 §6.3): chunks would have each subscriber's bytes framed anew, in three writes.
    this.#response.removeHeader('transfer-encoding');
    this.#response.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    this.#response.socket?.setNoDelay(true);
    this.#response.flushHeaders();
  }

  get closed(): boolean {
    return this.#closed;
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#response.once('close', listener);
  }

  /** Hands over `events` whole events. False: the client was cut off, now or before. */
  send(bytes: string | Buffer, events: number): boolean {
    if (this.#closed) return false;
    this.#waiting += events;
    const flowing = this.#response.write(bytes, () => {
      this.#waiting -= events;
      if (this.#hasRoom()) this.#room.resolve();
    });
    if (flowing || (this.#waiting <= this.#limits.maxEvents && this.#response.writableLength <= this.#limits.maxBytes)) return true;
    this.#onSlow({ events: this.#waiting, bytes: this.#response.writableLength });
    this.cut();
    return false;
  }

  /** Resolves when there is room for more; false when the client left, or took longer than `timeoutMs`. */
  async room(timeoutMs: number): Promise<boolean> {
    if (this.#closed || this.#hasRoom()) return !this.#closed;
    this.#room = Promise.withResolvers();
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, timeoutMs);
    this.onClose(late.resolve);
    await Promise.race([this.#room.promise, late.promise]);
    clearTimeout(timer);
    return !this.#closed && this.#hasRoom();
  }

  #hasRoom(): boolean {
    return this.#response.writableLength <= this.#limits.maxBytes / 4 && this.#waiting <= this.#limits.maxEvents / 4;
  }

  /** Ends the response after what was handed over, `last` included. */
  end(last = ''): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#response.end(last);
  }

  /** Ends the connection at once; what waits is dropped. */
  cut(): void {
    this.#closed = true;
    this.#response.destroy();
  }
}
