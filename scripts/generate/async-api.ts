import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { jsonText, type Artefact } from './artefact.ts';

/** contracts/topics/asyncapi.json: the change topics as AsyncAPI 3 describes them; payloads are in the JSON Schema files beside it. */
export async function asyncApi(root: string): Promise<Artefact[]> {
  const { HEADER } = (await import(pathToFileURL(join(root, 'contracts/topics/headers.ts')).href)) as { HEADER: Record<string, string> };
  const document = {
    asyncapi: '3.0.0',
    info: { title: 'Lakeloop change topics', version: '1', description: 'Every committed change of a published table, in commit order per key.' },
    channels: {
      changes: {
        address: '{prefix}.{schema}.{table}',
        parameters: {
          prefix: { description: 'CDC_TOPIC_PREFIX', default: 'lakeloop' },
          schema: { description: 'Schema of the table; a character that Kafka does not allow is an underscore.' },
          table: { description: 'Name of the table, likewise.' },
        },
        messages: { change: { $ref: '#/components/messages/change' }, tombstone: { $ref: '#/components/messages/tombstone' } },
      },
      gaps: {
        address: '{prefix}.__gaps',
        parameters: { prefix: { description: 'CDC_TOPIC_PREFIX', default: 'lakeloop' } },
        messages: { gap: { $ref: '#/components/messages/gap' } },
      },
      schema: {
        address: '{prefix}.__schema',
        parameters: { prefix: { description: 'CDC_TOPIC_PREFIX', default: 'lakeloop' } },
        messages: { schemaChange: { $ref: '#/components/messages/schemaChange' } },
      },
    },
    operations: {
      publishChanges: { action: 'send', channel: { $ref: '#/channels/changes' } },
      publishSchemaChanges: { action: 'send', channel: { $ref: '#/channels/schema' } },
      publishGaps: { action: 'send', channel: { $ref: '#/channels/gaps' } },
    },
    components: { messages: messages(HEADER) },
  };
  return [{ path: 'contracts/topics/asyncapi.json', text: jsonText(document) }];
}

function messages(HEADER: Record<string, string>) {
  const headers = Object.fromEntries(Object.values(HEADER).map((name) => [name, { type: 'string' }]));
  return {
    change: {
      summary: 'A row was created (c), updated (u), deleted (d), read by a snapshot (r), or its table truncated (t).',
      contentType: 'application/json',
      headers: { type: 'object', properties: headers, required: ['id'] },
      payload: { $ref: 'change-event.schema.json#/$defs/changeValue' },
    },
    gap: {
      summary: 'Events of commits between two positions may be missing from the change topics.',
      contentType: 'application/json',
      headers: { type: 'object', properties: { [HEADER['id'] ?? 'id']: { type: 'string' } }, required: ['id'] },
      payload: { $ref: 'gap-event.schema.json#/$defs/gapEvent' },
    },
    schemaChange: {
      summary: 'A published table was made, altered or dropped: what its rows are from this position on. It is there before the first of them.',
      contentType: 'application/json',
      headers: { type: 'object', properties: { [HEADER['id'] ?? 'id']: { type: 'string' }, slot: { type: 'string' } }, required: ['id', 'slot'] },
      payload: { $ref: 'schema-change.schema.json#/$defs/schemaChangeValue' },
    },
    tombstone: { summary: 'Null value after a delete: compaction forgets the key.', payload: { type: 'null' } },
  };
}
