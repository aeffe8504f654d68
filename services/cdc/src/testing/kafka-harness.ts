import { KafkaChangeLog } from '#libs/changelog/kafka/kafka-change-log';
import { createLogger } from '#libs/runtime/logger';
import { testBrokers } from '#libs/testing/kafka-server';
import { createTestDatabase, uniqueName } from '#libs/testing/postgres';
import { CdcHarness } from './cdc-harness.ts';

/** Capture of a database of its own into the run's Kafka, below a prefix of its own. */
export async function kafkaHarness(): Promise<CdcHarness> {
  const prefix = uniqueName('cdc');
  const logger = createLogger({ service: 'test', level: 'silent' });
  const log = KafkaChangeLog.connect({ brokers: testBrokers(), clientId: 'test', logger, fences: (topic) => topic.startsWith(`${prefix}.`) });
  return new CdcHarness({ database: await createTestDatabase(), log, prefix, removeLog: () => log.close() });
}
