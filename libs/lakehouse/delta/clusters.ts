import { Failure } from '#libs/failure/failure';
import type { LakeColumn } from '../lake-type.ts';
import { recordsOf } from './plan.ts';
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
  const column = clusterColumn(metaData, columns);
  if (!column) return undefined;
  const perFile = Number(metaData.configuration[ROWS] ?? DEFAULT_ROWS);
  const key = (values: Readonly<Record<string, string | null | undefined>>): string =>
    JSON.stringify(metaData.partitionColumns.map((name) => values[name] || null));
  const there = new Map<string, number>();
  for (const { partitionValues, stats } of files.values()) {
    const partition = key(partitionValues);
    there.set(partition, (there.get(partition) ?? 0) + (recordsOf(stats) ?? 0));
  }
  return {
    column,
    count: (values, rows) => Math.min(MOST_CLUSTERS, 2 ** Math.max(0, Math.floor(Math.log2(Math.max(rows, there.get(key(values)) ?? 0) / perFile)))),
  };
}

function clusterColumn({ configuration, partitionColumns }: Snapshot['metaData'], columns: readonly LakeColumn[]): LakeColumn | undefined {
  return columns.find(({ name }) => name === configuration[BY] && !partitionColumns.includes(name));
}

/** Whether a merge's partitions are known by the log: the texts of strings are the same whoever wrote them. */
export function countedApart({ metaData }: Pick<Snapshot, 'metaData'>, columns: readonly LakeColumn[]): boolean {
  return clusterColumn(metaData, columns) !== undefined && columns.every(({ name, type }) => !metaData.partitionColumns.includes(name) || type === 'string');
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
