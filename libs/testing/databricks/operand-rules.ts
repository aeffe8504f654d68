import { SqlError } from './sql-error.ts';
import type { Token } from './tokens.ts';

/** Named parameters that one statement may have. */
const MOST_PARAMETERS = 255;
const INTEGERS: ReadonlySet<string> = new Set(['INTEGER', 'INT', 'SMALLINT', 'TINYINT']);

/** A warehouse takes no more than 255 parameters, by experience of its drivers' users; nothing in the language manual says so. */
export function checkParameters(count: number): void {
  if (count > MOST_PARAMETERS)
    throw new SqlError('INVALID_PARAMETER_VALUE', '22023', `The statement has ${count} parameters; at most ${MOST_PARAMETERS} are taken.`);
}

/** LIMIT and OFFSET take an expression of type INT; a BIGINT is none (Databricks SQL, "LIMIT clause"). */
export function checkLimit(clause: 'LIMIT' | 'OFFSET', next: Token | undefined, parameters: ReadonlyMap<string, { type: string }>): void {
  if (next?.kind !== 'parameter') return;
  const type = parameters.get(next.value)?.type ?? 'VOID';
  if (INTEGERS.has(type)) return;
  throw new SqlError('INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE', '42K0E', `The ${clause.toLowerCase()} expression must be integer type, but got "${type}".`);
}

/** The escape character stands before `_`, `%` or itself, and nothing else (Databricks SQL, "like operator"). */
export function checkPattern(pattern: string): void {
  const [wrong] = pattern.replaceAll(/\\[\\_%]/g, '').match(/\\[\s\S]?/) ?? [];
  if (wrong === undefined) return;
  const condition = wrong.length === 1 ? 'INVALID_FORMAT.ESC_AT_THE_END' : 'INVALID_FORMAT.ESC_IN_THE_MIDDLE';
  throw new SqlError(condition, '42601', 'The format is invalid: the escape character is not allowed there.');
}
