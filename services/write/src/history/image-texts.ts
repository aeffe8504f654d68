import { quoteLiteral } from '#libs/postgres/identifiers';
import type { HistoryColumn } from './table-facts.ts';

/** Alias of images in SQL. It must not be a user's table: those are called what they are called. */
export const IMAGE = '"lakeloop:image"';

/** SQL of a column's text in an image. */
export type TextOf = (column: HistoryColumn) => string;

/** SQL: a column's value, from its text in an image. Where it is `retyped`, today's type may not take an old text: then it is null. */
export function typedSql(column: HistoryColumn, text: string, retyped: boolean): string {
  const value = `(${text})::${column.baseType}`;
  return retyped ? `case when (${text}) is not null and ${fits(column, text)} then ${value} end` : value;
}

/** SQL: whether today's type does not take the text of any of these columns. Such a row is hidden where row-level security applies: a policy might ask for the value. */
export function unfitSql(retyped: readonly HistoryColumn[], text: TextOf): string {
  return retyped.map((column) => `((${text(column)}) is not null and not ${fits(column, text(column))})`).join(' or ') || 'false';
}

function fits({ baseType }: HistoryColumn, text: string): string {
  return `lakeloop.is_input(coalesce(${text}, ''), ${quoteLiteral(baseType)})`;
}
