import type pg from 'pg';
import type { FileValue } from '#contracts/http/files';
import type { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import { ProblemException } from '#libs/runtime/http/problem';
import { recordedKey } from '../history/recorded-key.ts';
import { type TableFacts, tableFacts } from '../history/table-facts.ts';
import { isPlaced } from './upload-store.ts';

/** As `format_type` has it. */
export const FILE_TYPE = 'lakeloop.file';

export interface CellStand {
  pool: pg.Pool;
  governed: Governed;
}

export interface CellAsked {
  schema: string;
  table: string;
  column: string;
  /** JSON: an object of the key's columns or, where there is one, the bare value. */
  key: string;
}

export interface FileCell {
  facts: TableFacts;
  file: FileValue;
}

/**
 * The file in a cell, read as the caller: grants and row-level security decide, as for any read of the row. 404 for a table, column or row that is not there or
 * not for the caller's eyes, and for an empty cell; 403 without the grant on the column; 409 where the table took a value past the database's check.
 */
export async function readFileCell({ pool, governed }: CellStand, principal: Principal, asked: CellAsked): Promise<FileCell> {
  const { schema, table, column: name, key: given } = asked;
  const [facts] = (await tableFacts(pool, principal.role, { schema, name: table })) as [TableFacts];
  const column = facts.columns.find((each) => each.name === name);
  if (!column) throw new ProblemException(404, 'unknown-column', `${schema}.${table} has no column ${name}`);
  if (column.typeName !== FILE_TYPE) throw new ProblemException(400, 'invalid-input', `${name} is no column of files`);
  const key = await recordedKey(pool, facts, given);
  const { body } = await governed.read({ principal, statement: statementFor(facts, name), parameters: [key], separate: true });
  if (body === null) throw new ProblemException(404, 'unknown-row', `${schema}.${table} has no row ${key}, or not for this role to see`);
  const { file } = JSON.parse(body) as { file: FileValue | null };
  if (file === null) throw new ProblemException(404, 'no-file', `there is no file in ${name} of this row`);
  if (await isPlaced(pool, file, { oid: facts.oid, attnum: column.attnum })) return { facts, file };
  throw new ProblemException(409, 'unregistered-file', `what ${name} holds was never taken for a file of this column`, {
    hint: `An administrator can take it for one: select lakeloop.adopt(${quoteLiteral(facts.sql)}); update ${facts.sql} set ${quoteIdentifier(name)} = ${quoteIdentifier(name)}`,
  });
}

/** One row, or none: `{"file": …}`. `$1` is the key as the audit spells it. */
function statementFor({ sql, key, columns }: TableFacts, name: string): string {
  const type = (column: string): string => columns.find((each) => each.name === column)?.type ?? 'text';
  const same = key.map((column) => `t.${quoteIdentifier(column)} = ($1::jsonb ->> ${quoteLiteral(column)})::${type(column)}`).join(' and ');
  return `select json_build_object('file', t.${quoteIdentifier(name)})::text, null::bigint, null::bigint, null::jsonb from ${sql} t where ${same}`;
}
