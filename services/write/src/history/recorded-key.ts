import type pg from 'pg';
import { quoteLiteral } from '#libs/postgres/identifiers';
import { ProblemException } from '#libs/runtime/http/problem';
import type { TableFacts } from './table-facts.ts';

/**
 * A primary key as the audit spells it (JSON text), from how a caller does: an object of its columns or, where there is one column, the bare value.
 * 400 for another set of columns; what `pg` throws for a value that the column's type does not take.
 */
export async function recordedKey(pool: Pick<pg.ClientBase, 'query'>, facts: TableFacts, given: string): Promise<string> {
  const { key, columns } = facts;
  const pairs = key.map((name, index) => `${quoteLiteral(name)}, $${index + 1}::${columns.find((column) => column.name === name)?.baseType}`);
  // A recorder pins the time zone; here it holds for this statement.
  const text = `with pinned as materialized (select set_config('TimeZone', 'UTC', true)) select jsonb_build_object(${pairs.join(', ')})::text as key from pinned`;
  const { rows } = await pool.query<{ key: string }>(text, valuesOf(facts, given));
  return rows[0]?.key ?? '';
}

function valuesOf(facts: TableFacts, given: string): string[] {
  const { key } = facts;
  const parsed = parse(given);
  if (typeof parsed !== 'object' || parsed === null) {
    if (key.length !== 1) throw wrongKey(facts);
    return [typeof parsed === 'string' ? parsed : given];
  }
  const values = parsed as Record<string, unknown>;
  if (Object.keys(values).length !== key.length || !key.every((name) => Object.hasOwn(values, name))) throw wrongKey(facts);
  return key.map((name) => (typeof values[name] === 'object' ? JSON.stringify(values[name]) : String(values[name] as string | number | boolean)));
}

/** Numbers as they are written, with every digit; what is no JSON is text. */
function parse(given: string): unknown {
  try {
    return JSON.parse(given, (_name, value: unknown, context?: { source?: string }) => (typeof value === 'number' ? (context?.source ?? value) : value));
  } catch {
    return given;
  }
}

function wrongKey({ schema, name, key }: TableFacts): ProblemException {
  return new ProblemException(400, 'invalid-input', `the key of ${schema}.${name} is ${key.join(', ')}`, {
    hint: `key={${key.map((column) => `"${column}":…`).join(',')}}`,
  });
}
