import { once } from 'node:events';
import { createServer } from 'node:net';
import { Failure } from '#libs/failure/failure';

/** Throws `misconfigured` when the port can't be listened on: told before anything else is started. */
export async function requirePort(port: number, host: string): Promise<void> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    const taken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const why = taken ? `port ${port} is taken: stop what uses it, or choose another` : `port ${port} can't be used: choose one above 1023`;
    throw new Failure('misconfigured', `${why} with npm start -- --port ${port < 8080 ? 8080 : port + 10}`, { cause });
  }
  server.close();
  await once(server, 'close');
}
