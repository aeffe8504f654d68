import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { controlRecord } from './control-record.ts';

type Json = Record<string, unknown>;

const read = (file: string): Json => JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as Json;
const document = read('asyncapi.json');

/** Every `$ref` below a value. */
function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, child]) => (name === '$ref' ? [String(child)] : references(child)));
}

/** What a reference of the document points at; undefined where there is nothing. */
function resolved(reference: string): unknown {
  const [file, pointer = ''] = reference.split('#') as [string, string?];
  const parts = pointer.split('/').slice(1);
  return parts.reduce<unknown>((at, part) => (at as Json | undefined)?.[part], file === '' ? document : read(file));
}

describe('the AsyncAPI document', () => {
  it.each([...new Set(references(document))])('has what it refers to as %s', (reference) => {
    expect(resolved(reference)).toBeDefined();
  });

  it('names for a table’s topic only what is in it', () => {
    const { changes } = document['channels'] as Record<string, { messages: Json }>;
    expect(Object.keys(changes?.messages ?? {})).toEqual(['change', 'tombstone', 'parked']);
  });

  it('says of every message what its payload is', () => {
    const { messages } = document['components'] as { messages: Record<string, { payload: unknown }> };
    expect(Object.entries(messages).filter(([, { payload }]) => typeof payload !== 'object')).toEqual([]);
  });
});

describe('the control topic', () => {
  it('takes an operator’s pause and the tables of a publication, and nothing else', () => {
    expect(controlRecord.safeParse({ since: 1 }).success).toBe(true);
    expect(controlRecord.safeParse({ version: 1, publicationOid: '5', tables: [['1', '2', 'public', 't', null]] }).success).toBe(true);
    expect(controlRecord.safeParse({ version: 1, publicationOid: '5', tables: [['1', '2', 'public', 't', 'long ago']] }).success).toBe(false);
    expect(controlRecord.safeParse({}).success).toBe(false);
  });
});
