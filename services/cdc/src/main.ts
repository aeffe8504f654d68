import { openChangeLog } from '#libs/changelog/open-change-log';
import type { Failure } from '#libs/failure/failure';
import { loadConfig } from '#libs/runtime/config';
import { main } from '#libs/runtime/http/main';
import { runService } from '#libs/runtime/http/run-service';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { CdcModule } from './app.module.ts';
import { cdcSettings } from './cdc-config.ts';

await main('cdc', async (runtime, environment) => {
  const config = loadConfig(cdcSettings, environment);
  const fences = (topic: string): boolean => topic.startsWith(`${config.CDC_TOPIC_PREFIX}.`);
  const changeLog = await openChangeLog(environment, { clientId: 'lakeloop-cdc', fences, logger: runtime.logger });
  await runtime.lifecycles.run([{ name: 'change log', run: async () => undefined, drain: async () => undefined, stop: () => changeLog.close() }]);
  await runService({
    runtime,
    port: config.CDC_PORT,
    module: CdcModule.register({ config, changeLog, runtime, onStopped: (failure) => exit(runtime, failure) }),
  });
});

/** A service that must not go on ends its process, so that whoever supervises it sees it. The reason is in the log. */
function exit({ lifecycles }: ServiceRuntime, failure: Failure): void {
  process.exitCode = failure.kind === 'fenced' ? 3 : 1;
  void lifecycles.end().then(() => process.exit());
}
