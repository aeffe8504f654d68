import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import { createLogger } from '#libs/runtime/logger';

/** Values of a topic, tombstones left out, as an embedded shape that has ended left them in the directory of its change log. In order within a partition. */
export async function readTopic(directory: string, topic: string): Promise<unknown[]> {
  const log = await SqliteChangeLog.open({ directory, logger: createLogger({ service: 'test', level: 'silent' }) });
  try {
    const values: unknown[] = [];
    for (const { partition, earliest } of await log.bounds(topic))
      for await (const { value } of log.read(topic, partition, earliest)) if (value) values.push(JSON.parse(value.toString()));
    return values;
  } finally {
    await log.close();
  }
}
