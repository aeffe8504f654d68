import { parseEventId } from '#contracts/topics/event-id';
import { HEADER } from '#contracts/topics/headers';
import { parseJson } from '#contracts/topics/json';
import { schemaChangeValue, schemaTopic } from '#contracts/topics/schema-change';
import type { StoredRecord } from '#libs/changelog/change-log';
import { Failure } from '#libs/failure/failure';
import type { CaptureOptions } from '../capture-options.ts';
import { SCHEMA_ID, SCHEMA_SLOT, SchemaLog, type ToldSchema } from '../change/schema-log.ts';

/** What the schema topic has told of this slot's tables. The topic is made where it is missing. A record that can't be read is a `position-lost` Failure. */
export async function readSchemas({ changeLog, config }: Pick<CaptureOptions, 'changeLog' | 'config'>): Promise<SchemaLog> {
  const topic = schemaTopic(config.CDC_TOPIC_PREFIX);
  await changeLog.ensureTopic(topic, { partitions: 1, cleanup: 'delete', retentionMs: null });
  const bounds = (await changeLog.bounds(topic))[0];
  const told = new Map<number, ToldSchema>();
  if (bounds)
    for await (const record of changeLog.read(topic, 0, bounds.earliest)) {
      if (record.headers[SCHEMA_SLOT] !== config.CDC_SLOT) continue;
      for (const entry of toldBy(record, told)) told.set(entry.table.oid, entry);
    }
  return new SchemaLog(told.values());
}

function toldBy(record: StoredRecord, before: ReadonlyMap<number, ToldSchema>): ToldSchema[] {
  try {
    const { source, tableChanges } = schemaChangeValue.parse(parseJson(String(record.value)));
    const [, id = ''] = SCHEMA_ID.exec(record.headers[HEADER.id] ?? '') ?? [];
    return tableChanges.map(({ oid, table }) => {
      const known = table ? { columns: table.columns, key: table.primaryKeyColumnNames } : (before.get(oid)?.table ?? { columns: [], key: [] });
      return { table: { oid, schema: source.schema, table: source.table, ...known }, place: parseEventId(id), dropped: table === null };
    });
  } catch (error) {
    throw new Failure('position-lost', `record ${record.offset} of the schema topic cannot be read`, { cause: error });
  }
}
