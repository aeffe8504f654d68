import type { AnalyticalRead } from '../rows/analytical-layer.ts';
import type { RowQuery } from '../rows/query/row-query.ts';
import type { AnalyticalTable } from './analytical-table.ts';
import type { LakeRead, LakeReadRequest } from './compile/lake-query.ts';
import type { LakePage } from './lake-page.ts';

/** One read of one table, on its way: whose it is, and what of a query it asks. */
export type LakeWork = Pick<AnalyticalRead, 'caller' | 'catalogue' | 'request' | 'trace'> & {
  table: AnalyticalTable;
  query: RowQuery;
  limit: number | null;
  offset: number;
  keys?: LakeReadRequest['keys'];
};

/** A read that has its place, on one version of the table. Whoever has it closes the page. */
export interface OpenRead {
  page: LakePage;
  read: LakeRead;
}
