/**
 * `npm run bench -- lakehouse [rows]`: what the embedded lakehouse does in a second, and with how much memory. Figures only.
 * The comparison is DuckDB alone on the same parquet files.
 */
import { DuckDBInstance } from '@duckdb/node-api';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { createLogger } from '#libs/runtime/logger';
import { openDeltaLakehouse } from '../delta/delta-lakehouse.ts';
import type { LakeColumn } from '../lake-type.ts';

const COLUMNS: LakeColumn[] = [
  { name: 'id', type: 'long', nullable: false },
  { name: 'customer', type: 'string' },
  { name: 'product', type: 'string' },
  { name: 'amount', type: { decimal: { precision: 12, scale: 2 } } },
  { name: 'quantity', type: 'integer' },
  { name: 'active', type: 'boolean' },
  { name: 'note', type: 'string' },
  { name: 'created_at', type: 'timestamp' },
  { name: 'day', type: 'date' },
  { name: 'score', type: 'double' },
];
const BATCH = 100_000;

const most = Number(process.argv[2] ?? 10_000_000);
const commits = Number(process.argv[3] ?? 10_000);
const root = await mkdtemp(join(tmpdir(), 'lakeloop-bench-'));
const open = (): ReturnType<typeof openDeltaLakehouse> => openDeltaLakehouse({ root, logger: createLogger({ service: 'bench', level: 'silent' }) });
const lake = await open();
const say = (what: string, value: string): void => console.log(`${what.padEnd(58)} ${value}`);
const megabytes = (): string => `${Math.round(process.memoryUsage().rss / 1e6)} MB`;

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const start = performance.now();
  const result = await work();
  return { result, ms: performance.now() - start };
}

function line(id: number): string {
  const time = new Date(1.7e12 + id * 1_000).toISOString();
  return `{"id":${id},"customer":"customer ${id % 10_007}","product":"product ${id % 997}","amount":"${((id * 37) % 1e6) / 100}","quantity":${id % 50},"active":${id % 3 === 0},"note":"a note about number ${id}","created_at":"${time}","day":"${time.slice(0, 10)}","score":${(id % 1_000) / 7}}\n`;
}

async function ndjson(rows: number): Promise<string> {
  const path = join(root, `${rows}.ndjson`);
  const file = createWriteStream(path);
  for (let from = 0; from < rows; from += 10_000) {
    const text = Array.from({ length: Math.min(10_000, rows - from) }, (_, index) => line(from + index)).join('');
    if (!file.write(text)) await once(file, 'drain');
  }
  file.end();
  await finished(file);
  return path;
}

async function appends(): Promise<void> {
  for (const rows of [1, 100, 10_000, BATCH, 1_000_000].filter((count) => count <= most)) {
    const table = { schema: 'bench', name: `append_${rows}` };
    await lake.ensureTable(table, { columns: COLUMNS });
    const path = await ndjson(rows);
    const times: number[] = [];
    for (let n = 0; n < (rows > BATCH ? 3 : 10); n += 1) times.push((await timed(() => lake.append(table, { ndjson: [path] }))).ms);
    const median = times.toSorted((left, right) => left - right)[Math.floor(times.length / 2)] ?? 0;
    say(`append ${rows} rows of 10 columns (NDJSON), median`, `${median.toFixed(1)} ms, ${Math.round((rows / median) * 1_000)} rows/s`);
  }
}

async function sustained(): Promise<void> {
  const table = { schema: 'bench', name: 'sustained' };
  await lake.ensureTable(table, { columns: COLUMNS });
  const path = await ndjson(BATCH);
  let ms = 0;
  for (let rows = BATCH; rows <= most; rows += BATCH) {
    ms += (await timed(() => lake.append(table, { ndjson: [path] }))).ms;
    if (/^10+$/.test(String(rows))) say(`appended ${rows} rows in batches of ${BATCH}`, `${Math.round((rows / ms) * 1_000)} rows/s, ${megabytes()}`);
  }
  await reads(table);
}

async function reads(table: { schema: string; name: string }): Promise<void> {
  const sql = (from: string): string => `select product, count(*), sum(amount), avg(score) from ${from} r group by product order by product`;
  const relation = await lake.relation(table);
  const ours = async (): Promise<number> => {
    let rows = 0;
    for await (const chunk of (await lake.query({ sql: sql(relation.sql) })).chunks) rows += chunk.length;
    return rows;
  };
  const raw = await (await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '1GB' })).connect();
  const files = `read_parquet('${root}/bench/${table.name}/*.parquet')`;
  for (const [what, work] of [
    ['aggregate through the port', ours],
    ['the same by DuckDB alone', () => raw.runAndReadAll(sql(files)).then((result) => result.currentRowCount)],
  ] as const) {
    await work();
    const { ms } = await timed(work);
    say(`${what}, ${relation.state.rows} rows in ${relation.state.files} files`, `${ms.toFixed(0)} ms`);
  }
  await relation.release();
  const { ms } = await timed(() => lake.compact(table));
  say('compact', `${ms.toFixed(0)} ms, ${megabytes()}`);
}

async function smallCommits(): Promise<void> {
  const table = { schema: 'bench', name: 'commits' };
  await lake.ensureTable(table, { columns: COLUMNS });
  const path = await ndjson(1);
  let ms = 0;
  for (let n = 1; n <= commits; n += 1) {
    ms += (await timed(() => lake.append(table, { ndjson: [path] }, { txn: { appId: 'bench', version: BigInt(n) } }))).ms;
    if (/^10+$/.test(String(n)) && n >= 100) say(`${n} commits of one row, one after another`, `${((n / ms) * 1_000).toFixed(0)}/s, ${megabytes()}`);
  }
  const other = await open();
  say(`open a table of ${commits} commits (checkpoint and log)`, `${(await timed(() => other.describe(table))).ms.toFixed(0)} ms`);
  say('as of its middle, by version', `${(await timed(() => other.describe(table, { version: BigInt(Math.floor(commits / 2) + 5) }))).ms.toFixed(0)} ms`);
  say('as of its middle, by time', `${(await timed(() => other.describe(table, { timeMs: Date.now() - ms / 2 }))).ms.toFixed(0)} ms`);
  await other.close();
}

try {
  await appends();
  await sustained();
  await smallCommits();
} finally {
  await lake.close();
  await rm(root, { recursive: true, force: true });
}
