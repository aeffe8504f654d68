import { Failure } from '#libs/failure/failure';

/**
 * A row the plan can't be made from. The run fails and is parked with this message, the last good plan stays; once the row is mended the next run succeeds.
 * Names the table, the row's key, the field and the name it holds, never an amount.
 */
export function poison(table: string, key: string, field: string, problem: string): Failure {
  return new Failure('poison-record', `planning.${table} row ${key}: ${field} ${problem}`, { detail: { table, key, field } });
}

/** A name in a message: bounded, and visibly one. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

/** Order of names: by UTF-16 code units, the same in every locale and on every machine. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
