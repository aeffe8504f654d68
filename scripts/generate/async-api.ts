import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { jsonText, type Artefact } from './artefact.ts';

/** contracts/topics/asyncapi.json: the change topics as AsyncAPI 3 describes them; payloads are in the JSON Schema files beside it. */
export async function asyncApi(root: string): Promise<Artefact[]> {
  const { HEADER, PARKED } = (await import(pathToFileURL(join(root, 'contracts/topics/headers.ts')).href)) as Record<
    'HEADER' | 'PARKED',
    Record<string, string>
  >;
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
        messages: {
          change: { $ref: '#/components/messages/change' },
          tombstone: { $ref: '#/components/messages/tombstone' },
          parked: { $ref: '#/components/messages/parked' },
        },
      },
      gaps: ownChannel('__gaps', 'gap'),
      transactions: ownChannel('transaction', 'transaction'),
      deadLetters: ownChannel('__dlq', 'letter'),
      schema: ownChannel('__schema', 'schemaChange'),
      progress: ownChannel('__progress', 'progress'),
      snapshots: ownChannel('__snapshots', 'snapshot'),
      control: ownChannel('__control', 'control'),
    },
    operations: {
      publishChanges: { action: 'send', channel: { $ref: '#/channels/changes' } },
      publishSchemaChanges: { action: 'send', channel: { $ref: '#/channels/schema' } },
      publishGaps: { action: 'send', channel: { $ref: '#/channels/gaps' } },
      publishTransactions: { action: 'send', channel: { $ref: '#/channels/transactions' } },
      keepProgress: { action: 'send', channel: { $ref: '#/channels/progress' } },
      keepSnapshots: { action: 'send', channel: { $ref: '#/channels/snapshots' } },
      keepControl: { action: 'send', channel: { $ref: '#/channels/control' } },
      parkChanges: { action: 'send', channel: { $ref: '#/channels/deadLetters' } },
    },
    components: {
      messages: { ...messages(HEADER, PARKED), ...kept() },
    },
  };
  return [{ path: 'contracts/topics/asyncapi.json', text: jsonText(document) }];
}

function messages(HEADER: Readonly<Record<string, string>>, PARKED: Readonly<Record<string, string>>): Record<string, unknown> {
  const headers = texts(HEADER);
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
    parked: {
      summary: 'Where a change was parked: the row is another now, and this topic does not say what. Hold the key.',
      contentType: 'application/json',
      headers: { type: 'object', properties: headers, required: ['id', 'parked'] },
      payload: { $ref: 'parked.schema.json#/$defs/parkedMarker' },
    },
    letter: {
      summary: 'A parked change under its key: as much of the event as fits, else null. A record with parked.state ends the letter of its id.',
      contentType: 'application/json',
      headers: { type: 'object', properties: { ...headers, ...texts(PARKED) }, required: ['id'] },
      payload: { anyOf: [{ $ref: 'change-event.schema.json#/$defs/changeValue' }, { type: 'null' }] },
    },
    transaction: {
      summary: 'A transaction begins, or ends with so many events (CDC_TRANSACTION_METADATA).',
      contentType: 'application/json',
      payload: { $ref: 'transaction-event.schema.json#/$defs/transactionEvent' },
    },
    tombstone: { summary: 'Null value after a delete: compaction forgets the key.', payload: { type: 'null' } },
  };
}

/** What capture keeps for itself, newest by key. */
function kept(): Record<string, unknown> {
  return {
    progress: {
      summary: 'How far a slot is published. Key: the slot. Capture keeps it for itself: read it, do not write it.',
      contentType: 'application/json',
      payload: { $ref: 'progress-record.schema.json#/$defs/progressRecord' },
    },
    snapshot: {
      summary: 'A snapshot of one table, what was asked for and how far it is. Key: the slot, a slash, the id. Capture keeps it for itself.',
      contentType: 'application/json',
      payload: { $ref: 'snapshot-record.schema.json#/$defs/snapshotRecord' },
    },
    control: {
      summary:
        'What is known of a slot beside its progress: an operator’s pause (`paused`), the tables of its publication (`publication`). Key: the slot, a slash, that name. Capture keeps it for itself.',
      contentType: 'application/json',
      payload: { $ref: 'control-record.schema.json#/$defs/controlRecord' },
    },
  };
}

function texts(names: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.values(names).map((name) => [name, { type: 'string' }]));
}

/** A topic that is of no table. */
function ownChannel(name: string, message: string): unknown {
  return {
    address: `{prefix}.${name}`,
    parameters: { prefix: { description: 'CDC_TOPIC_PREFIX', default: 'lakeloop' } },
    messages: { [message]: { $ref: `#/components/messages/${message}` } },
  };
}
