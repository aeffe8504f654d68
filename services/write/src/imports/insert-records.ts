import type pg from 'pg';
import { quoteIdentifier } from '#libs/postgres/identifiers';
import type { Relation } from '../catalogue/relation.ts';
import { type ColumnMapping, mappedObject } from './column-mapping.ts';
import type { ImportRecord } from './records.ts';

/** A line that was refused, and why. */
export interface Refusal {
  line: number;
  code: string;
  message: string;
}

/** The statement that takes many records, and what turns them into its parameters. */
export interface RecordInsert {
  text: string;
  values: (records: readonly ImportRecord[]) => unknown[];
  /** Why a record can't be what it should be, before PostgreSQL sees it. */
  malformed: (record: ImportRecord) => string | undefined;
}

/** `columns`: of each field, null for those that are left out. */
export function csvInsert(relation: Relation, columns: readonly (string | null)[]): RecordInsert {
  const taken = columns.flatMap((name, index) => (name === null ? [] : [{ name, index }]));
  const typed = taken.map(({ name }, at) => `f${at + 1}::${relation.columns.get(name)?.type}`);
  const lists = taken.map((_, at) => `$${at + 1}::text[]`);
  return {
    text: `insert into ${relation.sql} (${taken.map(({ name }) => quoteIdentifier(name)).join(', ')}) select ${typed.join(', ')} from unnest(${lists.join(', ')}) as r(${taken.map((_, at) => `f${at + 1}`).join(', ')})`,
    values: (records) => taken.map(({ index }) => records.map(({ value }) => value[index] ?? null)),
    malformed: ({ value }) => (value.length === columns.length ? undefined : `the line has ${value.length} fields, and the header ${columns.length}`),
  };
}

/** With a mapping, members that it does not name are left out; without one they are refused. */
export function jsonInsert(relation: Relation, columns: readonly string[], mapping: ColumnMapping | null): RecordInsert {
  const names = columns.map(quoteIdentifier).join(', ');
  const text = (value: string): string => (mapping === null ? value : mappedObject(mapping, value));
  return {
    text: `insert into ${relation.sql} (${names}) select ${names} from json_populate_recordset(null::${relation.sql}, $1::json)`,
    values: (records) => [`[${records.map(({ value }) => text(value as string)).join(',')}]`],
    malformed: ({ value }) => {
      try {
        const parsed: unknown = JSON.parse(value as string);
        if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'the line is no JSON object';
        const unknown = mapping === null ? Object.keys(parsed).find((name) => !columns.includes(name)) : undefined;
        return unknown === undefined ? undefined : `the line has ${JSON.stringify(unknown)}, which is no column of the first line`;
      } catch {
        return 'the line is no JSON';
      }
    },
  };
}

/** A row's own fault, by SQLSTATE class: data, constraint, `raise`, a table's check option; and a row that row-level security does not let in. */
function isOfTheRow(error: unknown): error is { code: string; message: string } {
  const { code } = error as { code?: string };
  return typeof code === 'string' && (/^(22|23|44|P0|PT)/.test(code) || (code === '42501' && (error as Error).message.includes('row-level security')));
}

/** Inserts records inside a transaction. Those that PostgreSQL refuses for their own fault are found by halving, and left out. Resolves with them. */
export async function insertRecords(client: pg.ClientBase, insert: RecordInsert, records: readonly ImportRecord[]): Promise<Refusal[]> {
  const malformed: Refusal[] = [];
  const sound = records.filter((record) => {
    const message = insert.malformed(record);
    if (message !== undefined) malformed.push({ line: record.line, code: '22P04', message });
    return message === undefined;
  });
  return [...malformed, ...(await insertSound(client, insert, sound))].sort((a, b) => a.line - b.line);
}

async function insertSound(client: pg.ClientBase, insert: RecordInsert, records: readonly ImportRecord[]): Promise<Refusal[]> {
  if (records.length === 0) return [];
  await client.query('savepoint import');
  try {
    await client.query(insert.text, insert.values(records));
    await client.query('release savepoint import');
    return [];
  } catch (error) {
    if (!isOfTheRow(error)) throw error;
    await client.query('rollback to savepoint import');
    const [only] = records;
    if (records.length === 1 && only) return [{ line: only.line, code: error.code, message: error.message }];
    const half = Math.ceil(records.length / 2);
    return [...(await insertSound(client, insert, records.slice(0, half))), ...(await insertSound(client, insert, records.slice(half)))];
  }
}
