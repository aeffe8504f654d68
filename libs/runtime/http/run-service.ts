import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ProcessEnd } from '../process-end.ts';
import { createHttpApp, type HttpAppOptions } from './create-http-app.ts';
import { unusablePort } from './require-port.ts';

export interface RunOptions extends HttpAppOptions {
  /** TCP port; 0 lets the system choose. */
  port: number;
  /** Address to listen on; default all. */
  host?: string;
  /** How the process ends, where it knows that already. */
  end?: ProcessEnd;
}

export interface RunningService {
  app: NestFastifyApplication;
  /** Base URL as seen from this machine. */
  url: string;
  /** Drains and stops everything; resolves when it is done. Idempotent. */
  stop(): Promise<void>;
}

/** Serves until SIGTERM or SIGINT (libs/runtime/process-end.ts). Throws a `misconfigured` Failure when the port is taken. */
export async function runService({ port, host = '0.0.0.0', end, ...options }: RunOptions): Promise<RunningService> {
  const app = await createHttpApp(options);
  await listen(app, port, host);
  const ending = end ?? new ProcessEnd(options.runtime);
  ending.onStopped(() => app.close());
  const url = (await app.getUrl()).replace('[::1]', 'localhost').replace('0.0.0.0', 'localhost');
  options.runtime.logger.info({ address: url }, 'listening');
  return { app, url, stop: () => ending.stop() };
}

async function listen(app: NestFastifyApplication, port: number, host: string): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (cause) {
    await app.close().catch(() => undefined);
    throw unusablePort(port, cause) ?? cause;
  }
}
