import { ProblemException } from '#libs/runtime/http/problem';
import type { Relation } from '../catalogue/relation.ts';

/** Names in the file, and the columns of the table that they mean. What is not named is left out. A list, for a file may call a column `constructor`. */
export type ColumnMapping = readonly { name: string; column: string }[];

/** Throws 422 for a column that the table has not, or that is filled twice. */
export function checkMapping({ schema, name, columns }: Relation, mapping: ColumnMapping): void {
  const targets = mapping.map(({ column }) => column);
  const unknown = targets.filter((target) => !columns.has(target));
  if (unknown.length > 0)
    throw new ProblemException(422, 'unknown-column', `${schema}.${name} has no column ${unknown.map((each) => JSON.stringify(each)).join(', ')}`, {
      hint: `Its columns are ${[...columns.keys()].join(', ')}.`,
    });
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) throw new ProblemException(422, 'unknown-column', `the column ${JSON.stringify(twice)} is filled twice`);
}

/** The column of each field of a file, null for those that are left out. 422 where the file lacks one that is named, or has it twice. */
export function mappedHeader(mapping: ColumnMapping, header: readonly string[]): (string | null)[] {
  for (const { name } of mapping) {
    const times = header.filter((each) => each === name).length;
    if (times !== 1)
      throw new ProblemException(422, 'unknown-column', `the file has ${times === 0 ? 'no column' : 'more than one column'} ${JSON.stringify(name)}`);
  }
  return header.map((name) => mapping.find((each) => each.name === name)?.column ?? null);
}

/** The JSON text of an object with the members that are named, as columns; numbers keep every digit. */
export function mappedObject(mapping: ColumnMapping, text: string): string {
  const given = JSON.parse(text, digitsKept as (key: string, value: unknown) => unknown) as Record<string, unknown>;
  return JSON.stringify(Object.fromEntries(mapping.map(({ name, column }) => [column, Object.hasOwn(given, name) ? given[name] : null])));
}

function digitsKept(_key: string, value: unknown, { source }: { source: string }): unknown {
  return typeof value === 'number' ? JSON.rawJSON(source) : value;
}
