import type { Socket } from 'node:net';
import { Failure } from '#libs/failure/failure';
import { type Lsn, maxLsn } from '../../pgoutput/lsn.ts';
import { BackendFramer } from './backend-framer.ts';
import type { Skipped } from './oversized-message.ts';
import { Pacer } from './pacer.ts';
import { frontendMessage, parseReplicationMessage, type ReplicationEvent, standbyStatus } from './replication-message.ts';
import { lossNotice, serverError } from './server-error.ts';

export interface StreamPace {
  /**
   * How often the server is told what is confirmed and asked where it is, ms. Its answer moves an idle position on, and shows that it is there; being told
   * often, it never takes a client that does not read for a dead one.
   */
  heartbeatMs: number;
  /** Silence that ends the session, ms: the server promises to be heard of within wal_sender_timeout. Null where it promises nothing. */
  silenceMs: number | null;
}

export interface StreamOptions extends StreamPace {
  /** A larger change is not held whole. */
  maxChangeBytes: number | undefined;
}

/** Read at most about this much ahead of the consumer; the rest waits in the server. */
const HELD_BYTES = 1 << 19;
const CLOSE_WITHIN_MS = 2_000;
const COPY_BOTH = 0x57;
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
const ERROR = 0x45;
const NOTICE = 0x4e;

/**
 * A running replication session on a socket that has logged in. It confirms only what `acknowledge` was told: what was received
 * but is not durable elsewhere is never confirmed, whoever asks.
 */
export class ReplicationStream {
  readonly #socket: Socket;
  readonly #framer: BackendFramer;
  readonly #pacer: Pacer;
  readonly #started = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #timer: NodeJS.Timeout;
  #acknowledged: Lsn;
  #serverEnd: Lsn;
  #held: ReplicationEvent[] = [];
  #heldBytes = 0;
  #waiting: PromiseWithResolvers<void> | undefined;
  #failure: Failure | undefined;
  #interrupted = false;
  #heardAt = performance.now();

  private constructor(socket: Socket, from: Lsn, pace: StreamOptions) {
    this.#socket = socket;
    this.#framer = new BackendFramer(pace.maxChangeBytes);
    this.#acknowledged = from;
    this.#serverEnd = from;
    this.#pacer = new Pacer(socket);
    this.#timer = setInterval(() => this.#beat(pace), pace.heartbeatMs);
    socket.removeAllListeners('data');
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.once('error', (error) => this.#end(new Failure('dependency-unavailable', `replication connection lost: ${error.message}`, { cause: error })));
    socket.once('close', () => this.#onClose());
  }

  /** Takes the socket over and sends `command` (START_REPLICATION). Rejects with the server's answer, its SQLSTATE in `detail.code`. */
  static async start(socket: Socket, command: string, from: Lsn, pace: StreamOptions): Promise<ReplicationStream> {
    const stream = new ReplicationStream(socket, from, pace);
    const text = Buffer.from(`${command}\0`);
    stream.#write(0x51, text);
    await stream.#started.promise;
    return stream;
  }

  /** Newest position of the server's log that was heard of. */
  get serverEnd(): Lsn {
    return this.#serverEnd;
  }

  /** Resolves once the session is over, for whatever reason. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Whether more is there, or expected at once. */
  get behind(): boolean {
    return this.#held.length > 0 || this.#pacer.behind;
  }

  get acknowledged(): Lsn {
    return this.#acknowledged;
  }

  /**
   * All that arrived since the last call, in order, at least one event; waits for it. Rejects with a Failure once the session ended.
   * After `interrupt` it resolves at once, perhaps with nothing.
   */
  async receive(): Promise<ReplicationEvent[]> {
    while (this.#held.length === 0) {
      if (this.#failure) throw this.#failure;
      if (this.#interrupted) return [];
      this.#waiting = Promise.withResolvers();
      await this.#waiting.promise;
    }
    const events = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    this.#pacer.release();
    return events;
  }

  /** Confirms that everything before `lsn` is durable elsewhere. The server may discard it. Never goes back. */
  acknowledge(lsn: Lsn): void {
    if (lsn <= this.#acknowledged) return;
    this.#acknowledged = lsn;
    this.#sendStatus();
  }

  /** Lets a consumer that waits in `receive` go on, so that it can stop. */
  interrupt(): void {
    this.#interrupted = true;
    this.#wake();
  }

  /** Makes `receive` reject with `failure`, events that wait included. */
  abort(failure: Failure): void {
    this.#held = [];
    this.#end(failure);
  }

  /** Ends the session in order; the last acknowledgement is on its way before. */
  async close(): Promise<void> {
    this.#end(new Failure('dependency-unavailable', 'the replication session was closed'));
    if (this.#socket.destroyed) return;
    this.#held = [];
    this.#pacer.release();
    this.#socket.removeAllListeners('data');
    // Read and drop the rest, so that the socket closes in order and the server reads our last status.
    this.#socket.resume();
    this.#write(0x58, Buffer.alloc(0));
    this.#socket.end();
    const late = setTimeout(() => this.#socket.destroy(), CLOSE_WITHIN_MS);
    await this.#closed.promise;
    clearTimeout(late);
  }

  #receive(chunk: Buffer): void {
    this.#heardAt = performance.now();
    try {
      this.#framer.push(chunk, this.#onMessage);
    } catch (error) {
      this.#end(error instanceof Failure ? error : new Failure('bug', String(error), { cause: error }));
      this.#socket.destroy();
      return;
    }
    this.#heldBytes += chunk.length;
    // Only with something to consume: a change larger than this would wait for its own rest.
    if (this.#heldBytes > HELD_BYTES && this.#held.length > 0) this.#pacer.hold();
    this.#pacer.read(chunk.length);
    this.#wake();
  }

  readonly #onMessage = (code: number, bytes: Buffer, start: number, end: number, skipped?: Skipped): void => {
    if (code === COPY_DATA) this.#onCopyData(bytes, start, end, skipped);
    else if (code === COPY_BOTH) this.#started.resolve();
    else if (code === ERROR) this.#end(serverError(bytes.subarray(start, end)));
    else if (code === NOTICE) this.#onNotice(bytes.subarray(start, end));
    else if (code === COPY_DONE) this.#end(new Failure('dependency-unavailable', 'the server ended the replication stream'));
  };

  #onNotice(body: Buffer): void {
    const loss = lossNotice(body);
    if (loss) this.abort(loss);
  }

  #onCopyData(bytes: Buffer, start: number, end: number, skipped: Skipped | undefined): void {
    const event = parseReplicationMessage(bytes, start, end, skipped);
    this.#serverEnd = maxLsn(this.#serverEnd, event.serverEnd);
    if (event.kind === 'keepalive' && event.replyRequested) this.#sendStatus();
    this.#held.push(event);
  }

  #beat({ silenceMs }: StreamPace): void {
    const now = performance.now();
    // While nothing is read, nothing can be heard.
    if (this.#heldBytes > HELD_BYTES) this.#heardAt = now;
    if (silenceMs !== null && now - this.#heardAt > silenceMs) {
      this.#end(new Failure('dependency-unavailable', `the server was not heard of for ${Math.round((now - this.#heardAt) / 1000)} s`));
      this.#socket.destroy();
      return;
    }
    this.#sendStatus(true);
  }

  #sendStatus(ask = false): void {
    this.#write(COPY_DATA, standbyStatus(this.#acknowledged, Date.now(), ask));
  }

  #write(code: number, body: Buffer): void {
    if (!this.#socket.writable) return;
    this.#socket.write(frontendMessage(code, body));
  }

  #onClose(): void {
    this.#end(new Failure('dependency-unavailable', 'the server closed the replication connection'));
    this.#closed.resolve();
  }

  #end(failure: Failure): void {
    clearInterval(this.#timer);
    this.#failure ??= failure;
    this.#ended.resolve();
    this.#started.promise.catch(() => undefined);
    this.#started.reject(this.#failure);
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
