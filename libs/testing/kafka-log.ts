import { KafkaChangeLog } from '#libs/changelog/kafka/kafka-change-log';
import { createLogger } from '#libs/runtime/logger';

/** A change log on this broker, to look at topics: it writes nothing, so it fences nobody. */
export function connectKafkaLog(brokers: string): KafkaChangeLog {
  return KafkaChangeLog.connect({ brokers: [brokers], clientId: 'test', logger: createLogger({ service: 'test', level: 'warn' }), fences: () => false });
}
