import kafkajs, { type Kafka, type logCreator } from 'kafkajs';
import type { Logger } from '#libs/runtime/logger';
import { readEveryCompression } from './kafkajs-codecs.ts';
import { kafkajsSecurity, type KafkaSecurity } from './security.ts';

export interface KafkajsOptions {
  brokers: readonly string[];
  clientId: string;
  security?: KafkaSecurity;
  logger: Logger;
}

/** kafkajs as we set it up: for topics and consumer groups. Nothing is connected until it is needed. */
export function openKafkajs({ brokers, clientId, security, logger }: KafkajsOptions): Kafka {
  readEveryCompression(kafkajs);
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    ...kafkajsSecurity(security),
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 5 },
    logLevel: kafkajs.logLevel.WARN,
    logCreator: toLogger(logger),
  });
}

/** kafkajs's own lines, at debug: what matters is said by us. */
function toLogger(logger: Logger): logCreator {
  return () =>
    ({ namespace, log }) =>
      logger.debug({ kafkajs: namespace, reason: log['error'] }, log.message);
}
