import { HEADER } from '#contracts/topics/headers';
import type { ChangeRecord } from './change-record.ts';
import { type SchemaChange, SCHEMA_SLOT, tableChange } from './schema-log.ts';

export interface SchemaRecordFacts {
  topic: string;
  slot: string;
  database: string;
  /** Event id of what comes next. */
  id: string;
  /** `source` as JSON text. */
  source: string;
  nowMs: number;
}

/** The record of the schema topic. Topics have no order between them: what follows is appended once it is durable. */
export function schemaRecord(change: SchemaChange, { topic, slot, database, id, source, nowMs }: SchemaRecordFacts): ChangeRecord {
  const { schema, table, oid } = change.table;
  const rest = JSON.stringify({ ts_ms: nowMs, databaseName: database, schemaName: schema, ddl: null, tableChanges: [tableChange(database, change)] });
  return {
    topic,
    key: Buffer.from(JSON.stringify({ schema, table })),
    value: Buffer.from(`{"source":${source},${rest.slice(1)}`),
    headers: { [HEADER.id]: `schema:${id}:${oid}`, [SCHEMA_SLOT]: slot },
    barrier: true,
  };
}
