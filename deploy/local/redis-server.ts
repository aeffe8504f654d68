import { mkdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { Failure } from '#libs/failure/failure';
import { freePort } from '#libs/postgres/embedded/embedded-postgres';
import { retrying } from '#libs/runtime/backoff';
import { Child } from './child.ts';

export interface RedisServerOptions {
  /** Where its append-only file lives; kept over restarts. */
  dataDirectory: string;
  /** Port on 127.0.0.1; absent: a free one. */
  port?: number;
}

const READY_WITHIN_MS = 20_000;

/** `redis-server` from the PATH on loopback, with an append-only file: jobs survive a restart. */
export class RedisServer {
  readonly port: number;
  readonly #options: RedisServerOptions;
  readonly #child: Child;

  private constructor(options: RedisServerOptions, port: number, child: Child) {
    this.#options = options;
    this.port = port;
    this.#child = child;
  }

  /** Resolves once it answers PING. Throws `dependency-unavailable` when it is not installed or does not start. */
  static async start(options: RedisServerOptions): Promise<RedisServer> {
    await mkdir(options.dataDirectory, { recursive: true });
    const port = options.port ?? (await freePort());
    const args = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      options.dataDirectory,
      '--appendonly',
      'yes',
      '--appendfsync',
      'everysec',
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ];
    const server = new RedisServer(options, port, new Child('redis-server', args, options.dataDirectory));
    await server.#untilReady();
    return server;
  }

  /** For REDIS_URL. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child.pid;
  }

  stop(): Promise<void> {
    return this.#child.end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#child.end('SIGKILL');
  }

  /** After `stop` or `kill`: a new process on the same data and port. */
  restart(): Promise<RedisServer> {
    return RedisServer.start({ ...this.#options, port: this.port });
  }

  async #untilReady(): Promise<void> {
    const signal = AbortSignal.timeout(READY_WITHIN_MS);
    try {
      await retrying(() => pong(this.port), { initialMs: 20, maxMs: 100, signal, retryable: () => !this.#child.ended });
    } catch (cause) {
      await this.kill();
      throw new Failure('dependency-unavailable', `redis-server did not start: ${this.#child.output.split('\n').at(-1) || 'it printed nothing'}`, { cause });
    }
  }
}

/** Throws until the server has loaded its data. */
async function pong(port: number): Promise<void> {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (!answer.toString().startsWith('+PONG')) throw new Error(answer.toString().trim());
  } finally {
    socket.destroy();
  }
}
