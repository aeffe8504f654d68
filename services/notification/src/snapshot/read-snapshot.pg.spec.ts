import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import type { EncodedRow } from '#contracts/topics/change-event';
import { parseJson } from '#contracts/topics/json';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import type { Access } from '../subscriptions/access.ts';
import { loadTableFacts } from '../subscriptions/load-table-facts.ts';
import type { TableFacts } from '../subscriptions/table-facts.ts';
import { readPages } from './read-snapshot.ts';

const golden = JSON.parse(readFileSync(new URL('../../../../contracts/golden/envelope-values.json', import.meta.url), 'utf8')) as {
  extensions: string[];
  types: string[];
  values: [type: string, literal: string, json: string][];
};

let database: TestDatabase;
let rows: EncodedRow[];
let facts: TableFacts;

beforeAll(async () => {
  database = await createTestDatabase();
  const { client } = database;
  for (const extension of golden.extensions) await client.query(`create extension ${extension}`);
  for (const type of golden.types) await client.query(type);
  await client.query(`create table t (id int primary key, ${golden.values.map(([type], i) => `c${i} ${type}`).join(', ')})`);
  await client.query(
    `insert into t values (1, ${golden.values.map(([type, literal]) => `cast(${literal} as ${type})`).join(', ')}); insert into t (id) values (2)`,
  );
  // A database's own settings must change nothing.
  const settings = ['bytea_output = escape', 'intervalstyle = sql_standard', "datestyle = 'SQL, DMY'", 'extra_float_digits = -10', "timezone = 'Asia/Tokyo'"];
  for (const setting of settings) await client.query(`alter database "${database.name}" set ${setting}`);
  rows = await snapshot();
});
afterAll(() => database?.drop());

async function snapshot(): Promise<EncodedRow[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('begin isolation level repeatable read read only');
  facts = (await loadTableFacts(client, 'public', 't')) as TableFacts;
  const { columns } = facts;
  const access: Access = {
    schema: 'public',
    table: 't',
    oid: facts.oid,
    role: 'postgres',
    columns,
    key: columns.slice(0, 1),
    all: columns,
    policyRows: undefined,
    filter: undefined,
  };
  const read: EncodedRow[] = [];
  for await (const page of readPages(client, access)) read.push(...page);
  await client.end();
  return read.toSorted((a, b) => Number(a['id']) - Number(b['id']));
}

describe('a snapshot writes', () => {
  it.each(golden.values.map(([type, literal, json], index) => ({ type, literal, json, index })))('$type $literal as $json', ({ json, index }) => {
    expect(rows[0]?.[`c${index}`]).toEqual(parseJson(json));
  });

  it('NULL of every type as null', () => {
    expect(Object.values(rows[1] ?? {}).filter((value) => value !== null)).toEqual([2]);
    expect(Object.keys(rows[1] ?? {})).toHaveLength(golden.values.length + 1);
  });
});
