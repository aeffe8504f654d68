import { Failure } from '#libs/failure/failure';
import type { LakeColumn } from '../lake-type.ts';
import type { AddFile } from './actions.ts';
import type { Snapshot } from './snapshot.ts';

/** A column of the table: rows of a partition that have the same of it lie in one file, as long as we write them. */
const BY = 'lakeloop.clusterBy';
/** About how many rows such a file has. */
const ROWS = 'lakeloop.clusterRows';
const DEFAULT_ROWS = 1_000;
/** Files of one partition, at most. */
export const MOST_CLUSTERS = 4_096;

/**
 * Rows that change together, together: within a partition, files go by a hash of one column, so that a merge of few of its values rewrites few files. Readers need to know
 * nothing of it. Other writers may do as they please: which files a merge rewrites is found in the files, and what it writes is clustered anew.
 */
export interface Clusters {
  column: LakeColumn;
  /** Into how many files a partition goes of which `rows` rows are written now: a power of two, so that files are split and never mixed when it grows. */
  count(values: Readonly<Record<string, string | null>>, rows: number): number;
}

/** Undefined for a table that is not clustered. */
export function clustersOf({ metaData, files }: Pick<Snapshot, 'metaData' | 'files'>, columns: readonly LakeColumn[]): Clusters | undefined {
  const column = columns.find(({ name }) => name === metaData.configuration[BY] && !metaData.partitionColumns.includes(name));
  if (!column) return undefined;
  const perFile = Number(metaData.configuration[ROWS] ?? DEFAULT_ROWS);
  const key = (values: Readonly<Record<string, string | null | undefined>>): string =>
    JSON.stringify(metaData.partitionColumns.map((name) => values[name] || null));
  const there = new Map<string, number>();
  for (const file of files.values()) there.set(key(file.partitionValues), (there.get(key(file.partitionValues)) ?? 0) + rowsOf(file));
  return {
    column,
    count: (values, rows) => Math.min(MOST_CLUSTERS, 2 ** Math.max(0, Math.floor(Math.log2(Math.max(rows, there.get(key(values)) ?? 0) / perFile)))),
  };
}

/** Whether a merge's partitions are known by the log: the texts of strings are the same whoever wrote them. */
export function countedApart(snapshot: Pick<Snapshot, 'metaData' | 'files'>, columns: readonly LakeColumn[]): boolean {
  const by = snapshot.metaData.partitionColumns;
  return clustersOf(snapshot, columns) !== undefined && columns.every(({ name, type }) => !by.includes(name) || type === 'string');
}

export function rowsOf({ stats }: AddFile): number {
  return Number(/"numRecords":\s*(\d+)/.exec(stats ?? '')?.[1] ?? 0);
}

/** Throws `misconfigured` for properties of a new table that name no column to cluster by, or no number of rows. */
export function checkClusters(
  table: string,
  columns: readonly LakeColumn[],
  partitionBy: readonly string[],
  properties: Readonly<Record<string, string>>,
): void {
  const [by, rows] = [properties[BY], properties[ROWS]];
  if (by !== undefined && (partitionBy.includes(by) || !columns.some(({ name }) => name === by)))
    throw new Failure('misconfigured', `${table} can not be clustered by ${by}: it is no column of its files`);
  if (rows !== undefined && !/^[1-9]\d{0,8}$/.test(rows)) throw new Failure('misconfigured', `${table}: ${ROWS} is a number of rows`);
}
