import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Failure } from '#libs/failure/failure';
import { createHttpApp, type HttpAppOptions } from './create-http-app.ts';

export interface RunOptions extends HttpAppOptions {
  /** TCP port; 0 lets the system choose. */
  port: number;
  /** Address to listen on; default all. */
  host?: string;
}

export interface RunningService {
  app: NestFastifyApplication;
  /** Base URL as seen from this machine. */
  url: string;
  /** Drains and stops everything; resolves when it is done. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Runs a service until SIGTERM or SIGINT, then drains (libs/runtime/lifecycle.ts), closes and exits with 0; a second signal
 * exits at once with 1. Throws a `misconfigured` Failure when the port is taken.
 */
export async function runService({ port, host = '0.0.0.0', ...options }: RunOptions): Promise<RunningService> {
  const { logger, lifecycles } = options.runtime;
  const app = await createHttpApp(options);
  await listen(app, port, host);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= lifecycles.end().then(() => app.close()));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      logger.info({ signal }, 'stopping');
      void stop().then(() => process.exit(0));
    });
  }
  const url = (await app.getUrl()).replace('[::1]', 'localhost').replace('0.0.0.0', 'localhost');
  logger.info({ address: url }, 'listening');
  return { app, url, stop };
}

async function listen(app: NestFastifyApplication, port: number, host: string): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (cause) {
    await app.close().catch(() => undefined);
    if (cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')
      throw new Failure('misconfigured', `port ${port} is taken: stop what uses it or choose another port`, { cause });
    if (cause instanceof Error && 'code' in cause && cause.code === 'EACCES')
      throw new Failure('misconfigured', `port ${port} needs privileges: choose one above 1023`, { cause });
    throw cause;
  }
}
