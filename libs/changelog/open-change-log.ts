import { z } from 'zod';
import { type Environment, list, loadConfig } from '#libs/runtime/config';
import type { Logger } from '#libs/runtime/logger';
import type { ChangeLog } from './change-log.ts';
import { COMPRESSIONS } from './kafka/compression.ts';
import type { KafkaChangeLogOptions } from './kafka/kafka-change-log.ts';

const settings = z.object({
  KAFKA_BROKERS: list.default([]).describe('host:port of brokers, comma-separated; unset: the embedded SQLite log, while nothing else has it open'),
  KAFKA_COMPRESSION: z.enum(COMPRESSIONS).default('none').describe('of what is produced: none, gzip, snappy, lz4 or zstd'),
  CHANGE_LOG_DIRECTORY: z.string().default('.lakeloop/changelog').describe('directory of the embedded log'),
});

export interface OpenChangeLogOptions extends Pick<KafkaChangeLogOptions, 'clientId' | 'fences'> {
  logger: Logger;
}

/** Kafka where its URL is set, else the embedded log. Throws a `misconfigured` Failure that names keys, never values. */
export async function openChangeLog(environment: Environment, { clientId, fences, logger }: OpenChangeLogOptions): Promise<ChangeLog> {
  const { KAFKA_BROKERS: brokers, KAFKA_COMPRESSION: compression, CHANGE_LOG_DIRECTORY: directory } = loadConfig(settings, environment);
  // Only the one that is wanted is loaded.
  if (brokers.length === 0) return (await import('./sqlite/sqlite-change-log.ts')).SqliteChangeLog.open({ directory, logger });
  const [{ KafkaChangeLog }, { kafkaSecurity }] = await Promise.all([import('./kafka/kafka-change-log.ts'), import('./kafka/security.ts')]);
  return KafkaChangeLog.connect({ brokers, clientId, logger, compression, security: kafkaSecurity(environment), ...(fences ? { fences } : {}) });
}
