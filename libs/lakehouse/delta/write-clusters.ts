import { randomUUID } from 'node:crypto';
import { copyFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AddFile } from './actions.ts';
import type { Clusters } from './clusters.ts';
import type { Session } from './engine.ts';
import { hasErrorCode } from './error-code.ts';
import { type FileTarget, partitionColumns, statisticsByName, toPartitionKey } from './parquet.ts';
import { quoteName, quoteText } from './sql-text.ts';
import { statisticsOf } from './statistics.ts';

const PART = '_lakeloop_part';
const CLUSTER = '_lakeloop_cluster';
const CLUSTERS = '_lakeloop_clusters';
/** Of a partition column's text. */
const text = (index: number): string => `_lakeloop_text_${index}`;
/** Files that one statement has open. */
const AT_ONCE = 128;
/** Files on their way to storage. */
const MOVING = 8;

interface Part {
  values: Record<string, string | null>;
  clusters: number;
}

/** As `writeParquet`, with a file for each cluster of each partition: written by one statement for many of them, since a statement costs more than a small file. */
export async function writeClusters(
  session: Session,
  relation: string,
  clusters: Clusters,
  target: FileTarget & { temporaryDirectory: string },
): Promise<AddFile[]> {
  const table = `parts_${randomUUID().replaceAll('-', '')}`;
  const parts = await partsOf(session, relation, clusters, target);
  if (parts.length === 0) return [];
  const texts = textsOf(target);
  const by = texts.map((_, index) => text(index));
  const rows = parts.map(({ values, clusters: count }, index) => {
    const own = target.partitionBy.map((name) => (values[name] === null ? 'null' : quoteText(values[name] ?? '')));
    return `(${[...own, index, count].join(', ')})`;
  });
  await session.run(`create temp table ${table} as select * from (values ${rows.join(', ')}) as p(${[...by, PART, CLUSTERS].join(', ')})`);
  const same = texts.map((own, index) => `${own} is not distinct from p.${text(index)}`);
  const source = `${relation} r join ${table} p on ${same.length === 0 ? 'true' : same.join(' and ')}`;
  const cluster = `(hash(r.${quoteName(clusters.column.name)}) % p.${CLUSTERS})::INTEGER`;
  const counts = await session.rows<[number, bigint]>(`select p.${PART}, count(distinct ${cluster}) from ${source} group by 1 order by 1`);
  const adds: AddFile[] = [];
  for (const [from, until] of batchesOf(counts)) {
    const query = `select ${keptOf(target)
      .map(({ name }) => `r.${quoteName(name)}`)
      .join(', ')}, p.${PART}, ${cluster} as ${CLUSTER} from ${source} where p.${PART} between ${from} and ${until}`;
    adds.push(...(await writeBatch(session, query, parts, target)));
  }
  if (adds.length > 0) await target.storage.settle(target.directory);
  return adds;
}

/** The partitions that there are rows of, and how many files each goes into. */
async function partsOf(session: Session, relation: string, clusters: Clusters, target: FileTarget): Promise<Part[]> {
  const columns = [...textsOf(target).map((own, index) => `${own} as ${text(index)}`), 'count(*)'];
  const found = await session.rows<[...(string | null)[], bigint]>(
    `select ${columns.join(', ')} from ${relation} r group by all having count(*) > 0 order by all`,
  );
  return found.map((row) => {
    const values = Object.fromEntries(target.partitionBy.map((name, index) => [name, (row[index] as string | null | undefined) ?? null]));
    return { values, clusters: clusters.count(values, Number(row.at(-1))) };
  });
}

function textsOf({ columns, partitionBy }: FileTarget): string[] {
  return partitionColumns(columns, partitionBy).map(toPartitionKey);
}

function keptOf({ columns, partitionBy }: FileTarget): FileTarget['columns'] {
  return columns.filter(({ name }) => !partitionBy.includes(name));
}

/** Ranges of partitions that together have no more files than may be open; a partition with more is a range of its own. */
function batchesOf(counts: readonly (readonly [part: number, files: bigint])[]): [from: number, until: number][] {
  const batches: [number, number][] = [];
  let open = Infinity;
  for (const [part, files] of counts) {
    open += Number(files);
    const last = batches.at(-1);
    if (last && open <= AT_ONCE) last[1] = part;
    else {
      batches.push([part, part]);
      open = Number(files);
    }
  }
  return batches;
}

type Written = [path: string, rows: bigint, size: bigint, footer: bigint, statistics: unknown, keys: { key: string; value: string }[]];

async function writeBatch(session: Session, query: string, parts: readonly Part[], target: FileTarget & { temporaryDirectory: string }): Promise<AddFile[]> {
  const directory = join(target.temporaryDirectory, `clusters-${randomUUID()}`);
  try {
    await session.run(`set partitioned_write_max_open_files = ${4 * AT_ONCE}`);
    const written = await session.rows<Written>(
      `copy (${query}) to ${quoteText(directory)} (format parquet, partition_by (${PART}, ${CLUSTER}), return_stats true)`,
    );
    const adds: AddFile[] = [];
    for (let from = 0; from < written.length; from += MOVING)
      adds.push(...(await Promise.all(written.slice(from, from + MOVING).map((file) => take(file, parts, target)))));
    return adds;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function take([from, count, , , found, keys]: Written, parts: readonly Part[], target: FileTarget): Promise<AddFile> {
  const path = `part-${randomUUID()}.parquet`;
  target.onFile(path);
  const size = await target.storage.write(`${target.directory}/${path}`, async (place) => {
    await move(from, place);
    return true;
  });
  const part = parts[Number(keys.find(({ key }) => key === PART)?.value)];
  if (!part || size === undefined) throw new TypeError('the engine wrote a file of no partition');
  const stats = statisticsOf(Number(count), keptOf(target), statisticsByName(found));
  return { path, partitionValues: part.values, size, modificationTime: Date.now(), dataChange: target.dataChange, stats };
}

/** The storage's place may be on another disk. */
async function move(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => (hasErrorCode(error, 'EXDEV') ? copyFile(from, to) : Promise.reject(error as Error)));
}
