import { once } from 'node:events';
import { createServer } from 'node:net';
import { Failure } from '#libs/failure/failure';

/** Throws `misconfigured` when the port can't be listened on: told before anything else is started. `how` says where another one is chosen. */
export async function requirePort(port: number, host: string, how?: string): Promise<void> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw unusablePort(port, cause, how) ?? cause;
  }
  server.close();
  await once(server, 'close');
}

/** Null for an error that is not about the port. */
export function unusablePort(port: number, cause: unknown, how = ''): Failure | null {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  if (code === 'EADDRINUSE') return new Failure('misconfigured', `port ${port} is taken: stop what uses it or choose another port${how}`, { cause });
  if (code === 'EACCES') return new Failure('misconfigured', `port ${port} needs privileges: choose one above 1023${how}`, { cause });
  return null;
}
