import { randomUUID } from 'node:crypto';
import { copyFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AddFile } from './actions.ts';
import { type Clusters, MOST_CLUSTERS } from './clusters.ts';
import type { Session } from './engine.ts';
import { hasErrorCode } from './error-code.ts';
import { type FileTarget, partitionColumns, statisticsByName, toPartitionKey } from './parquet.ts';
import { recordsOf } from './plan.ts';
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

/** Where to count what is to be written, so that files which are only rewritten are read once: these files, and the rows that come into their place. */
export interface Counted {
  rows: string;
  rewritten: readonly AddFile[];
}

interface Part {
  values: Readonly<Record<string, string | null>>;
  /** Clusters of the partition. */
  clusters: number;
  /** About how many of them there are rows of: most rows come into the files that are rewritten. */
  files: number;
}

/** As `writeParquet`, with a file for each cluster of each partition: written by one statement for many of them, since a statement costs more than a small file. */
export async function writeClusters(
  session: Session,
  relation: string,
  clusters: Clusters,
  target: FileTarget & { temporaryDirectory: string; counted?: Counted | undefined },
): Promise<AddFile[]> {
  const table = `parts_${randomUUID().replaceAll('-', '')}`;
  const parts = await partsOf(session, target.counted ?? { rows: relation, rewritten: [] }, clusters, target);
  if (parts.length === 0) return [];
  const texts = textsOf(target);
  const rows = parts.map(({ values, clusters: count }, index) => {
    const own = target.partitionBy.map((name) => (values[name] === null ? 'null' : quoteText(values[name] ?? '')));
    return `(${[...own, index, count].join(', ')})`;
  });
  const names = [...texts.map((_, index) => text(index)), PART, CLUSTERS];
  await session.run(`create temp table ${table} as select * from (values ${rows.join(', ')}) as p(${names.join(', ')})`);
  const same = texts.map((own, index) => `${own} is not distinct from p.${text(index)}`);
  const kept = keptOf(target).map(({ name }) => `r.${quoteName(name)}`);
  const items = [...kept, `p.${PART}`, `(${hashOf(clusters)} % p.${CLUSTERS})::INTEGER as ${CLUSTER}`];
  const query = `select ${items.join(', ')} from ${relation} r join ${table} p on ${same.length === 0 ? 'true' : same.join(' and ')}`;
  const adds: AddFile[] = [];
  for (const [from, until] of batchesOf(parts))
    adds.push(...(await writeBatch(session, `${query} where p.${PART} between ${from} and ${until}`, parts, target)));
  if (adds.length > 0) await target.storage.settle(target.directory);
  return adds;
}

function hashOf({ column }: Clusters): string {
  return `hash(r.${quoteName(column.name)})`;
}

/** The partitions that there are rows of. */
async function partsOf(session: Session, { rows, rewritten }: Counted, clusters: Clusters, target: FileTarget): Promise<Part[]> {
  const counts = ['count(*)', `count(distinct ${hashOf(clusters)} % ${MOST_CLUSTERS})`];
  const columns = [...textsOf(target).map((own, index) => `${own} as ${text(index)}`), ...counts];
  const found = await session.rows<[...(string | null)[], bigint, bigint]>(`select ${columns.join(', ')} from ${rows} r group by all having count(*) > 0`);
  const parts = new Map<string, { values: Record<string, string | null>; rows: number; fresh: number; rewritten: number }>();
  const at = (texts: readonly (string | null | undefined)[]): { rows: number; fresh: number; rewritten: number } => {
    const values = Object.fromEntries(target.partitionBy.map((name, index) => [name, texts[index] || null]));
    const key = JSON.stringify(values);
    const there = parts.get(key) ?? { values, rows: 0, fresh: 0, rewritten: 0 };
    parts.set(key, there);
    return there;
  };
  for (const row of found) Object.assign(at(row as (string | null)[]), { rows: Number(row.at(-2)), fresh: Number(row.at(-1)) });
  for (const file of rewritten) {
    const part = at(target.partitionBy.map((name) => file.partitionValues[name]));
    part.rows += recordsOf(file.stats) ?? 0;
    part.rewritten += 1;
  }
  return [...parts.values()].map(({ values, rows: count, fresh, rewritten: old }) => {
    const most = clusters.count(values, count);
    return { values, clusters: most, files: Math.min(most, Math.max(fresh, old)) };
  });
}

function textsOf({ columns, partitionBy }: FileTarget): string[] {
  return partitionColumns(columns, partitionBy).map(toPartitionKey);
}

function keptOf({ columns, partitionBy }: FileTarget): FileTarget['columns'] {
  return columns.filter(({ name }) => !partitionBy.includes(name));
}

/** Ranges of partitions that together have no more files than may be open; a partition with more is a range of its own. */
function batchesOf(parts: readonly Part[]): [from: number, until: number][] {
  const batches: [number, number][] = [];
  let open = Infinity;
  for (const [part, { files }] of parts.entries()) {
    open += files;
    const last = batches.at(-1);
    if (last && open <= AT_ONCE) last[1] = part;
    else {
      batches.push([part, part]);
      open = files;
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
