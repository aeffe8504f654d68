import type { ChangeLog } from '#libs/changelog/change-log';
import { topicName } from '#contracts/topics/topic-name';
import type { SourceName } from './history-table.ts';

/** Records that are looked at for one that says whose changes these are. */
const LOOKED_AT = 1_000;

/** The table of a change topic, as its first readable event says: a topic's name alone does not tell, since it can't hold every character. */
export async function sourceOfTopic(changeLog: ChangeLog, prefix: string, topic: string): Promise<SourceName | undefined> {
  for (const { partition, earliest, next } of await changeLog.bounds(topic)) {
    if (earliest === next) continue;
    let looked = 0;
    for await (const { value } of changeLog.read(topic, partition, earliest)) {
      const source = value === null ? undefined : sourceOf(value);
      if (source && topicName(prefix, source.schema, source.table) === topic) return source;
      looked += 1;
      if (looked === LOOKED_AT) break;
    }
  }
  return undefined;
}

function sourceOf(value: Buffer): SourceName | undefined {
  try {
    const { source } = JSON.parse(value.toString('utf8')) as { source?: { schema?: unknown; table?: unknown } };
    const { schema, table } = source ?? {};
    return typeof schema === 'string' && typeof table === 'string' ? { schema, table } : undefined;
  } catch {
    return undefined;
  }
}
