import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type Pgoutput, PgoutputPlugin } from 'pg-logical-replication';
import { PgoutputDecoder } from '#libs/pgoutput/decoder';
import type { Message, RelationMessage } from '#libs/pgoutput/message';
import type { Tuple, TupleValue } from '#libs/pgoutput/tuple';

/**
 * The decoder of `pg-logical-replication`, which others wrote, reads the same recorded bytes. Where the two can say the same, they must:
 * order and kinds of messages, transaction ids, relations, and the text of every value. (It leaves out unchanged TOAST values, which ours keeps apart from nulls.)
 */
const { messages } = JSON.parse(readFileSync('contracts/golden/pgoutput-v1.json', 'utf8')) as { messages: string[] };

describe('our decoder and that of pg-logical-replication', () => {
  it('say the same of every recorded message', () => {
    const theirs = new PgoutputPlugin({ protoVersion: 1, publicationNames: ['golden'], messages: true });
    const ours = new PgoutputDecoder();
    const relations = new Map<number, RelationMessage>();
    const compared = messages.map((hex) => {
      const message = ours.decode(Buffer.from(hex, 'hex'));
      if (message.type === 'relation') relations.set(message.oid, message);
      return [describeOurs(message, relations), describeTheirs(theirs.parse(Buffer.from(hex, 'hex')))];
    });
    expect(compared.map(([our]) => our)).toEqual(compared.map(([, their]) => their));
    expect(new Set(compared.map(([our]) => our?.kind))).toEqual(
      new Set(['begin', 'commit', 'origin', 'relation', 'type', 'insert', 'update', 'delete', 'truncate', 'message']),
    );
  });
});

interface Description {
  kind: string;
  [fact: string]: unknown;
}

function describeOurs(message: Message, relations: ReadonlyMap<number, RelationMessage>): Description {
  const table = (oid: number): string => `${relations.get(oid)?.schema}.${relations.get(oid)?.name}`;
  const row = (oid: number, tuple: Tuple | undefined): Record<string, string | null> => {
    const columns = relations.get(oid)?.columns ?? [];
    return Object.fromEntries(columns.flatMap(({ name }, index) => textOf(name, tuple?.valueAt(index))));
  };
  switch (message.type) {
    case 'begin':
      return { kind: 'begin', xid: message.xid };
    case 'relation':
      return { kind: 'relation', table: `${message.schema}.${message.name}`, columns: message.columns.map(({ name }) => name) };
    case 'type':
      return { kind: 'type', name: `${message.schema}.${message.name}` };
    case 'insert':
    case 'update':
      return { kind: message.type, table: table(message.relationOid), new: row(message.relationOid, message.new) };
    case 'delete':
      return { kind: 'delete', table: table(message.relationOid) };
    case 'truncate':
      return { kind: 'truncate', tables: message.relationOids.map(table), cascade: message.cascade, restartIdentity: message.restartIdentity };
    case 'message':
      return { kind: 'message', prefix: message.prefix, content: message.content.toString(), transactional: message.transactional };
    default:
      return { kind: message.type };
  }
}

function textOf(name: string, value: TupleValue | undefined): [string, string | null][] {
  if (value?.kind === 'null') return [[name, null]];
  return value?.kind === 'text' ? [[name, value.bytes.toString()]] : [];
}

function describeTheirs(message: Pgoutput.Message): Description {
  const table = ({ schema, name }: { schema: string; name: string }): string => `${schema}.${name}`;
  switch (message.tag) {
    case 'begin':
      return { kind: 'begin', xid: message.xid };
    case 'relation':
      return { kind: 'relation', table: table(message), columns: message.columns.map(({ name }) => name) };
    case 'type':
      return { kind: 'type', name: `${message.typeSchema}.${message.typeName}` };
    case 'insert':
    case 'update':
      return { kind: message.tag, table: table(message.relation), new: asText(message.new as Record<string, unknown>) };
    case 'delete':
      return { kind: 'delete', table: table(message.relation) };
    case 'truncate':
      return { kind: 'truncate', tables: message.relations.map(table), cascade: message.cascade, restartIdentity: message.restartIdentity };
    case 'message':
      return { kind: 'message', prefix: message.prefix, content: Buffer.from(message.content).toString(), transactional: message.transactional };
    default:
      return { kind: message.tag };
  }
}

function asText(row: Record<string, unknown>): Record<string, string | null> {
  const present = Object.entries(row).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present.map(([name, value]) => [name, value === null ? null : String(value as string | number)]));
}
