import { collectDefaultMetrics, Registry } from 'prom-client';
import { z } from 'zod';
import { type Clock, SystemClock } from './clock.ts';
import { type Environment, loadConfig } from './config.ts';
import { armFailpoints } from './failpoints.ts';
import { Health } from './health.ts';
import { Lifecycles } from './lifecycle.ts';
import { createLogger, type Logger } from './logger.ts';

/** What every service is given by its process: one of each, shared by all that runs in it. */
export interface ServiceRuntime {
  /** Name of the service, in logs and metrics. */
  readonly name: string;
  readonly logger: Logger;
  readonly health: Health;
  readonly lifecycles: Lifecycles;
  /** Prometheus registry behind `/metrics`. */
  readonly metrics: Registry;
  readonly clock: Clock;
}

/** Settings that every process reads. */
export const runtimeSettings = z.object({
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info').describe('least level that is logged'),
  LAKELOOP_FAILPOINTS: z.string().default('').describe('failpoints to arm, for fault tests: name=kill|error, comma-separated'),
});

export function createServiceRuntime(name: string, environment: Environment, destination?: NodeJS.WritableStream): ServiceRuntime {
  const settings = loadConfig(runtimeSettings, environment);
  armFailpoints(settings.LAKELOOP_FAILPOINTS);
  const logger = createLogger({ service: name, level: settings.LOG_LEVEL, ...(destination ? { destination } : {}) });
  const metrics = new Registry();
  metrics.setDefaultLabels({ service: name });
  collectDefaultMetrics({ register: metrics });
  return { name, logger, health: new Health(), lifecycles: new Lifecycles(logger), metrics, clock: new SystemClock() };
}
