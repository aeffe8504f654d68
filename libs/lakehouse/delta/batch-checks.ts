import { Failure } from '#libs/failure/failure';
import type { LakeColumn, LakeValue } from '../lake-type.ts';
import { duckdbType } from './duckdb-type.ts';
import type { Session } from './engine.ts';
import { quoteName, quoteText } from './sql-text.ts';

/** A part of a table: values of partition columns. */
export type Part = Readonly<Record<string, LakeValue>>;

/** SQL that holds for the rows of a part, with the parameters of `partParameters`. */
export function partCondition(part: Part, columns: readonly LakeColumn[]): string {
  return Object.keys(part)
    .map((name, index) => {
      const type = columns.find((column) => column.name === name)?.type ?? 'string';
      // The empty text is null in a partition.
      const value = type === 'string' ? `nullif($w${index}, '')` : `$w${index}`;
      return `${quoteName(name)} is not distinct from cast(${value} as ${duckdbType(type) ?? 'VARCHAR'})`;
    })
    .join(' and ');
}

export function partParameters(part: Part): Record<string, LakeValue> {
  return Object.fromEntries(Object.values(part).map((value, index) => [`w${index}`, value]));
}

/** A part that is replaced gets no rows of another. */
export async function refuseOutside(session: Session, staged: string, columns: readonly LakeColumn[], part: Part): Promise<void> {
  const condition = `select count(*) from ${staged} where not (${partCondition(part, columns)})`;
  const [row] = await session.rows<[bigint]>(condition, { parameters: partParameters(part) });
  if ((row?.[0] ?? 0n) > 0n) throw new Failure('invalid-input', `${row?.[0]} rows do not belong to the part that is replaced`);
}

export async function refuseDuplicates(session: Session, staged: string, keys: readonly string[]): Promise<void> {
  const list = keys.join(', ');
  const [row] = await session.rows<[bigint]>(`select count(*) from (select ${list} from ${staged} group by ${list} having count(*) > 1)`);
  if ((row?.[0] ?? 0n) > 0n) throw new Failure('invalid-input', `${row?.[0]} keys come more than once in one batch`);
}

export async function refuseNulls(session: Session, relation: string, columns: readonly LakeColumn[]): Promise<void> {
  const required = columns.filter(({ nullable }) => nullable === false);
  if (required.length === 0) return;
  const counts = required.map(({ name }) => `count(*) - count(${quoteName(name)})`);
  const [row] = await session.rows<bigint[]>(`select ${counts.join(', ')} from ${relation}`);
  const empty = required.filter((_, index) => (row?.[index] ?? 0n) > 0n).map(({ name }) => name);
  if (empty.length > 0) throw new Failure('invalid-input', `${empty.map(quoteText).join(', ')} may not be null`);
}
