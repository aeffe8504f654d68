import { setTimeout as delay } from 'node:timers/promises';
import { openChangeLog } from '#libs/changelog/open-change-log';
import type { Failure } from '#libs/failure/failure';
import { type Environment, loadConfig } from '#libs/runtime/config';
import { requirePort } from '#libs/runtime/http/require-port';
import { ProcessEnd } from '#libs/runtime/process-end';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { cdcSettings } from './cdc-config.ts';
import { CdcService } from './cdc-service.ts';

/** HTTP waits for capture no longer: with a server that is away there is something to be said. */
const HTTP_WITHIN_MS = 1_000;

/**
 * Capture comes first: a slot that nobody reads holds WAL back. What answers over HTTP is loaded while servers are waited for, and made once it streams: loaded
 * then, a quarter of a second of this thread would be missing to the first rows of a backlog.
 */
export async function boot(runtime: ServiceRuntime, environment: Environment): Promise<void> {
  const config = loadConfig(cdcSettings, environment);
  await requirePort(config.CDC_PORT, '0.0.0.0');
  const fences = (topic: string): boolean => topic.startsWith(`${config.CDC_TOPIC_PREFIX}.`);
  const changeLog = await openChangeLog(environment, { clientId: 'lakeloop-cdc', fences, logger: runtime.logger });
  const options = { config, changeLog, runtime, onStopped: (failure: Failure) => exit(runtime, failure) };
  const service = new CdcService(options);
  const end = new ProcessEnd(runtime);
  const http = Promise.all([import('#libs/runtime/http/run-service'), import('./app.module.ts')]);
  await runtime.lifecycles.run([{ name: 'change log', run: async () => undefined, drain: async () => undefined, stop: () => changeLog.close() }, service]);
  await Promise.race([service.settled, delay(HTTP_WITHIN_MS)]);
  const [{ runService }, { CdcModule }] = await http;
  await runService({ runtime, port: config.CDC_PORT, module: CdcModule.register(options, service), end });
}

/** A service that must not go on ends its process, so that whoever supervises it sees it. The reason is in the log. */
function exit({ lifecycles }: ServiceRuntime, failure: Failure): void {
  process.exitCode = failure.kind === 'fenced' ? 3 : 1;
  void lifecycles.end().then(() => process.exit());
}
