import type { Socket } from 'node:net';
import pg from 'pg';
import { BackendFramer } from '#libs/postgres/replication/backend-framer';
import { Pacer } from '#libs/postgres/replication/pacer';
import { ZERO_LSN } from '#libs/pgoutput/lsn';
import { startReplication } from '#libs/postgres/replication/replication-connection';
import { frontendMessage, standbyStatus } from '#libs/postgres/replication/replication-message';

export interface DrainOptions {
  connectionString: string;
  slot: string;
  publication: string;
  /** Inserted rows to read. */
  rows: number;
}

export interface Drained {
  rows: number;
  /** Of pgoutput's insert messages alone. */
  bytes: number;
  /** From the first of these rows to the last. */
  seconds: number;
  /** Of this process, in that time. */
  cpuSeconds: number;
}

const COPY_DATA = 0x64;
const QUERY = 0x51;
const ERROR = 0x45;
const WAL_DATA = 0x77;
/** Header of WAL data, which pgoutput's message follows. */
const WAL_HEADER = 25;
const INSERT = 0x49;

/**
 * Reads a slot as fast as the server sends, paced as capture reads, and decodes nothing but what counts rows: what no consumer of the
 * replication protocol can be faster than. Confirms nothing.
 */
export async function drainSlot({ connectionString, slot, publication, rows }: DrainOptions): Promise<Drained> {
  const client = new pg.Client({ connectionString, replication: 'database' } as pg.ClientConfig);
  // Its socket is ours from here on; how it ends is told by `close` below.
  client.on('error', () => undefined);
  await client.connect();
  const { stream: socket } = (client as unknown as { connection: { stream: Socket } }).connection;
  const framer = new BackendFramer();
  const pacer = new Pacer(socket);
  const done = Promise.withResolvers<void>();
  let [seen, bytes, first] = [0, 0, 0];
  let cpu = process.cpuUsage();
  const onMessage = (code: number, buffer: Buffer, start: number, end: number): void => {
    if (code === ERROR) return done.reject(new Error(buffer.toString('latin1', start, end)));
    if (code !== COPY_DATA || buffer[start] !== WAL_DATA || buffer[start + WAL_HEADER] !== INSERT) return;
    if (seen === 0) [first, cpu] = [performance.now(), process.cpuUsage()];
    seen += 1;
    bytes += end - start - WAL_HEADER;
    if (seen === rows) done.resolve();
  };
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => {
    framer.push(chunk, onMessage);
    pacer.read(chunk.length);
  });
  socket.once('close', () => done.reject(new Error(`the server closed the connection after ${seen} rows`)));
  const alive = setInterval(() => socket.write(frontendMessage(COPY_DATA, standbyStatus(ZERO_LSN, Date.now()))), 10_000);
  socket.write(frontendMessage(QUERY, Buffer.from(`${startReplication({ slot, publication, from: ZERO_LSN })}\0`)));
  await done.promise;
  const seconds = (performance.now() - first) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(alive);
  socket.destroy();
  return { rows: seen, bytes, seconds, cpuSeconds: (user + system) / 1e6 };
}
