import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { StreamedChange } from '#contracts/http/change-stream';
import { formatEventId } from '#contracts/topics/event-id';

export interface Row {
  id: number;
  value: number;
}

/**
 * A change stream as contracts/http/change-stream.ts describes it, over a table in memory, on a real socket that breaks: after a number of bytes
 * drawn from the seed, wherever that falls. It also repeats changes, forgets history, refuses and answers with 503, all by the seed.
 */
export class FlakyStreamServer {
  readonly rows = new Map<number, Row>();
  readonly #log: StreamedChange[] = [];
  readonly #random: () => number;
  readonly #server: Server;
  readonly #streams = new Set<(change: StreamedChange, cursor: number) => void>();
  readonly seen = { connections: 0, resumed: 0, resets: 0, cuts: 0, refused: 0 };
  /** Oldest cursor that can still be resumed from. */
  #kept = 0;
  #refusedLast = false;
  /** From when on nothing breaks any more. */
  calm = false;

  private constructor(random: () => number) {
    this.#random = random;
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  static async start(random: () => number): Promise<FlakyStreamServer> {
    const server = new FlakyStreamServer(random);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Loses its history and every connection: all must start anew. */
  forget(): void {
    this.#kept = this.#log.length + 1;
    this.#server.closeAllConnections();
  }

  /** One random write; now and then the history before it is forgotten. */
  write(): void {
    const id = Math.floor(this.#random() * 12);
    const before = this.rows.get(id);
    const draw = this.#random();
    if (draw < 0.02) this.#truncate();
    else if (before && draw < 0.3) this.#change('d', id, null);
    else this.#change(before ? 'u' : 'c', id, { id, value: this.#log.length });
    if (this.#random() < 0.05) this.#kept = Math.max(this.#kept, this.#log.length - 3);
  }

  #truncate(): void {
    this.rows.clear();
    this.#append({ op: 't', key: null, after: null });
  }

  #change(op: 'c' | 'u' | 'd', id: number, after: Row | null): void {
    if (after) this.rows.set(id, after);
    else this.rows.delete(id);
    this.#append({ op, key: { id }, after: after as never });
  }

  #append(change: Pick<StreamedChange, 'op' | 'key' | 'after'>): void {
    const position = this.#log.length + 1;
    this.#log.push({ ...change, id: formatEventId({ systemId: '1', timeline: 1, commitLsn: BigInt(position), ordinal: 0 }), ts_ms: position });
    for (const stream of this.#streams) stream(this.#log.at(-1) as StreamedChange, position);
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    this.seen.connections += 1;
    if (!this.calm && this.#random() < 0.15) {
      this.seen.refused += 1;
      // Refused tokens are final when there are several in a row.
      const status = this.#random() < 0.5 || this.#refusedLast ? 503 : 401;
      this.#refusedLast = status === 401;
      response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ type: 'about:blank', title: 'No', status }));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = this.#writer(response);
    const cursor = request.headers['last-event-id'];
    const from = cursor === undefined ? this.#snapshot(send) : Number(cursor);
    if (cursor !== undefined && from < this.#kept) {
      this.seen.resets += 1;
      send('event: reset\ndata: {"reason":"history-gone","detail":""}\n\n');
      response.end();
      return;
    }
    if (cursor !== undefined) this.seen.resumed += 1;
    this.#follow(from, send, response);
  }

  #snapshot(send: (text: string) => void): number {
    const rows = [...this.rows.values()];
    const half = Math.ceil(rows.length / 2);
    for (const page of [rows.slice(0, half), rows.slice(half)]) send(`event: snapshot\ndata: ${JSON.stringify({ rows: page, key: ['id'] })}\n\n`);
    send(`event: ready\ndata: ${JSON.stringify({ rows: rows.length, key: ['id'] })}\nid: ${this.#log.length}\n\n`);
    return this.#log.length;
  }

  #follow(from: number, send: (text: string) => void, response: ServerResponse): void {
    const deliver = (change: StreamedChange, cursor: number): void => {
      send(`event: change\ndata: ${JSON.stringify(change)}\nid: ${cursor}\n\n`);
      if (!this.calm && this.#random() < 0.1) send(`event: change\ndata: ${JSON.stringify(change)}\nid: ${cursor}\n\n`);
      if (this.#random() < 0.1) send(`:\nid: ${cursor}\n\n`);
    };
    this.#log.slice(from).forEach((change, i) => deliver(change, from + i + 1));
    this.#streams.add(deliver);
    response.on('close', () => this.#streams.delete(deliver));
  }

  /** Writes until the connection's bytes are used up, then breaks it where it stands. */
  #writer(response: ServerResponse): (text: string) => void {
    let left = this.calm ? Infinity : Math.floor(this.#random() * 3_000);
    return (text) => {
      if (left <= 0) return;
      response.write(text.slice(0, left));
      left -= text.length;
      if (left > 0) return;
      this.seen.cuts += 1;
      // After what was written has left: half an event is to arrive.
      response.write('', () => response.destroy());
    };
  }
}

/** Mulberry32: small, seeded, good enough for tests. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
