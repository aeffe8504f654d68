import { ApiError } from './api-error.ts';
import type { RowQuery } from './query/row-query.ts';

/** PUT writes the one row that its filters name: no page, no tree. 400 PGRST114, 405 PGRST105. */
export function requirePutFilters({ limit, offset, conditions }: RowQuery): void {
  if (limit !== null || offset !== 0) throw new ApiError(400, 'PGRST114', 'limit/offset querystring parameters are not allowed for PUT');
  if (conditions.some((condition) => condition.kind !== 'filter' || condition.operator !== 'eq' || condition.negated)) throw wrongPutFilters();
}

/** 405 PGRST105 */
export function wrongPutFilters(): ApiError {
  return new ApiError(405, 'PGRST105', "Filters must include all and only primary key columns with 'eq' operators");
}

/** 400 PGRST115 */
export function otherRow(): ApiError {
  return new ApiError(400, 'PGRST115', 'Payload values do not match URL in primary key column(s)');
}
