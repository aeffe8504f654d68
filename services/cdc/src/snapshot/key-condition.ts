import { type JsonValue, parseJson, stringifyJson } from '#contracts/topics/json';
import { Failure } from '#libs/failure/failure';
import type { RelationMessage } from '#libs/pgoutput/message';
import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import type { Relation } from '../change/relation.ts';

/** boolean, smallint, integer, bigint, text, varchar, uuid: published as the server reads them. Of others (bytea, bit, real, timetz, …) only the published text tells. */
const READABLE = new Set([16, 20, 21, 23, 25, 1043, 2950]);

/** SQL that the rows under a record's key meet, by those of its columns for which there is any; others may meet it too. Null where there are none. */
export function keyCondition(columns: RelationMessage['columns'], key: string): string | null {
  const values = parseKey(key);
  const parts = columns.flatMap(({ name, typeOid }) => {
    const value = values[name];
    if (value === undefined) return [];
    if (value === null) return [`${quoteIdentifier(name)} is null`];
    if (!READABLE.has(typeOid)) return [];
    return [`${quoteIdentifier(name)} = ${quoteLiteral(typeof value === 'string' ? value : stringifyJson(value))}`];
  });
  return parts.length === 0 ? null : parts.join(' and ');
}

/** A key of other columns than the table's records have finds nothing: that is a mistake, not a row that is gone. Throws `invalid-input`. */
export function expectKey({ schema, table, description, key }: Relation, text: string): void {
  const names = key.map((index) => description.columns[index]?.name ?? '');
  const given = Object.keys(parseKey(text));
  if (names.length > 0 && JSON.stringify(names) === JSON.stringify(given)) return;
  const now = names.length === 0 ? 'have no key' : `are keyed by ${names.map(quoteIdentifier).join(', ')}`;
  throw new Failure(
    'invalid-input',
    `records of ${schema}.${table} ${now}, not by ${given.map(quoteIdentifier).join(', ')}: ask for a snapshot by a condition`,
  );
}

function parseKey(text: string): Record<string, JsonValue> {
  try {
    const value = parseJson(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new Failure('invalid-input', 'key must be the key of a record, as JSON text');
}
