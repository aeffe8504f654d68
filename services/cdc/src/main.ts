import type { ChangeLog } from '#libs/changelog/change-log';
import { KafkaChangeLog } from '#libs/changelog/kafka/kafka-change-log';
import { kafkaSecurity } from '#libs/changelog/kafka/security';
import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import type { Failure } from '#libs/failure/failure';
import { type Environment, loadConfig } from '#libs/runtime/config';
import { main } from '#libs/runtime/http/main';
import { runService } from '#libs/runtime/http/run-service';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { CdcModule } from './app.module.ts';
import { cdcSettings, changeLogSettings } from './cdc-config.ts';

await main('cdc', async (runtime, environment) => {
  const config = loadConfig(cdcSettings, environment);
  const changeLog = await openChangeLog(runtime, environment, config.CDC_TOPIC_PREFIX);
  await runtime.lifecycles.run([{ name: 'change log', run: async () => undefined, drain: async () => undefined, stop: () => changeLog.close() }]);
  await runService({
    runtime,
    port: config.CDC_PORT,
    module: CdcModule.register({ config, changeLog, runtime, onStopped: (failure) => exit(runtime, failure) }),
  });
});

async function openChangeLog({ logger }: ServiceRuntime, environment: Environment, prefix: string): Promise<ChangeLog> {
  const { KAFKA_BROKERS: brokers, KAFKA_COMPRESSION: compression, CHANGE_LOG_DIRECTORY: directory } = loadConfig(changeLogSettings, environment);
  const fences = (topic: string): boolean => topic.startsWith(`${prefix}.`);
  if (brokers.length > 0)
    return KafkaChangeLog.connect({ brokers, clientId: 'lakeloop-cdc', logger, fences, compression, security: kafkaSecurity(environment) });
  return SqliteChangeLog.open({ directory, logger });
}

/** A service that must not go on ends its process, so that whoever supervises it sees it. The reason is in the log. */
function exit({ lifecycles }: ServiceRuntime, failure: Failure): void {
  process.exitCode = failure.kind === 'fenced' ? 3 : 1;
  void lifecycles.end().then(() => process.exit());
}
