import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Which way bytes go: `up` from the client to the server. */
export type Direction = 'up' | 'down';

export interface Weather {
  /** Added to each chunk, ms. */
  latencyMs: number;
  /** Chunks are cut into pieces of at most this many bytes. */
  sliceBytes: number;
  /** At most so many bytes a second each way. */
  bytesPerSecond: number;
}

const FAIR: Weather = { latencyMs: 0, sliceBytes: Number.POSITIVE_INFINITY, bytesPerSecond: Number.POSITIVE_INFINITY };

interface Pair {
  client: Socket;
  server: Socket;
}

/** A TCP proxy of a test's own between a client and a server on loopback: slow, narrow, slicing, frozen, resetting connections, or dead. */
export class TcpProxy {
  readonly #server: Server;
  readonly #target: { host: string; port: number };
  readonly #pairs = new Set<Pair>();
  #weather: Weather = FAIR;
  #frozen: PromiseWithResolvers<void> | undefined;
  #cut = false;
  #onChunk: ((chunk: Buffer, direction: Direction) => 'pass' | 'reset') | undefined;

  private constructor(server: Server, target: { host: string; port: number }) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (client) => this.#accept(client));
  }

  /** Listens on a free port, or on `port`. */
  static async start(target: { host: string; port: number }, port = 0): Promise<TcpProxy> {
    const server = createServer({ noDelay: true, pauseOnConnect: true });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, target);
  }

  /** To the server of a URL. */
  static to(url: string): Promise<TcpProxy> {
    const { hostname: host, port } = new URL(url);
    return TcpProxy.start({ host, port: Number(port) });
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** `url` of the server, by way of the proxy. */
  through(url: string): string {
    const by = new URL(url);
    by.hostname = '127.0.0.1';
    by.port = String(this.port);
    return by.toString();
  }

  /** Open connections. */
  get connections(): number {
    return this.#pairs.size;
  }

  set weather(weather: Partial<Weather>) {
    this.#weather = { ...FAIR, ...weather };
  }

  /** Passes nothing either way, and closes nothing: as a network that drops packets. */
  freeze(): void {
    this.#frozen ??= Promise.withResolvers();
  }

  thaw(): void {
    this.#frozen?.resolve();
    this.#frozen = undefined;
  }

  /** Resets every connection and takes no new one until `mend`: a server that died. */
  cut(): void {
    this.#cut = true;
    this.reset();
  }

  mend(): void {
    this.#cut = false;
  }

  /** Resets every connection. */
  reset(): void {
    for (const pair of this.#pairs) this.#drop(pair);
  }

  /** `judge` is asked about each chunk that arrives; `reset` passes it on and resets its connection before an answer can come back. */
  judge(judge: ((chunk: Buffer, direction: Direction) => 'pass' | 'reset') | undefined): void {
    this.#onChunk = judge;
  }

  async stop(): Promise<void> {
    this.thaw();
    this.reset();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    if (this.#cut) return void client.resetAndDestroy();
    const server = createConnection({ ...this.#target, noDelay: true });
    const pair = { client, server };
    this.#pairs.add(pair);
    for (const socket of [client, server]) {
      socket.on('error', () => this.#lose(pair));
      socket.on('close', () => this.#lose(pair));
    }
    void this.#pump(pair, 'up').catch(() => this.#lose(pair));
    void this.#pump(pair, 'down').catch(() => this.#lose(pair));
  }

  /** A network that drops packets drops those that close a connection too. */
  #lose(pair: Pair): void {
    void Promise.resolve(this.#frozen?.promise).then(() => this.#drop(pair));
  }

  async #pump(pair: Pair, direction: Direction): Promise<void> {
    const [from, to] = direction === 'up' ? [pair.client, pair.server] : [pair.server, pair.client];
    for await (const chunk of from as AsyncIterable<Buffer>) {
      await this.#frozen?.promise;
      const verdict = this.#onChunk?.(chunk, direction) ?? 'pass';
      await this.#send(to, chunk);
      if (verdict === 'reset') this.#drop(pair);
    }
    to.end();
  }

  async #send(to: Socket, chunk: Buffer): Promise<void> {
    const { latencyMs, sliceBytes, bytesPerSecond } = this.#weather;
    if (latencyMs > 0) await delay(latencyMs);
    for (let at = 0; at < chunk.length; at += sliceBytes) {
      const part = chunk.subarray(at, Math.min(chunk.length, at + sliceBytes));
      if (bytesPerSecond !== Number.POSITIVE_INFINITY) await delay((part.length / bytesPerSecond) * 1_000);
      if (!to.write(part)) await once(to, 'drain');
    }
  }

  #drop(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    for (const socket of [pair.client, pair.server]) socket.resetAndDestroy();
  }
}
