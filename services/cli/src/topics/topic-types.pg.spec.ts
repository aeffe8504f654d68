import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { cliSettings } from '../cli-config.ts';
import { runCommand } from '../commands.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

async function types(...args: string[]): Promise<string> {
  const printed: string[] = [];
  const context = {
    config: cliSettings.parse({ DATABASE_URL: database.url }),
    changeLog: () => Promise.reject(new Error('not needed')),
    print: (line: string) => void printed.push(line),
    fetch,
    signal: new AbortController().signal,
  };
  await runCommand(context, ['topics', 'types', ...args]);
  return printed.join('\n');
}

describe('lakeloop topics types', () => {
  it('writes the type of a row as its topic has it', async () => {
    await database.client.query(`create type mood as enum ('sad', 'so "so"'); create domain positive as int not null check (value > 0);
      create table "order items" (id bigint primary key, mood mood, moods mood[], n positive, amount numeric(10, 2) not null, f float4, at timestamptz, ok boolean, bits bit(1), many bit(4), doc jsonb, place point, raw bytea)`);
    expect(await types('public.order items')).toBe(`/** A row of public.order items as its change topic has it (docs/cdc.md). */
export interface PublicOrderItems {
  "id": number | bigint;
  "mood": "sad" | "so \\"so\\"" | null;
  "moods": ("sad" | "so \\"so\\"" | null)[] | null;
  "n": number;
  "amount": string;
  "f": number | 'NaN' | 'Infinity' | '-Infinity' | null;
  "at": string | null;
  "ok": boolean | null;
  "bits": boolean | null;
  "many": string | null;
  "doc": string | null;
  "place": { x: number; y: number; wkb: string; srid: null } | null;
  "raw": string | null;
}`);
    expect(JSON.parse(await types('public.order items', '--json-schema'))).toMatchObject({
      title: 'public.order items',
      properties: { id: { type: 'integer', format: 'int64' }, mood: { anyOf: [{ enum: ['sad', 'so "so"'] }, { type: 'null' }] }, n: { type: 'integer' } },
    });
    await expect(types('public.absent')).rejects.toThrow('there is no table public.absent');
  });
});
