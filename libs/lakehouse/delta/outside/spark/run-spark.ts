import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface SparkRequests {
  /** SQL statements, run first. */
  statements: string[];
  /** Tables by their directory; without a version, at every version. */
  read: { path: string; version?: number }[];
}

export interface SparkAnswer {
  path: string;
  version: number;
  columns?: [string, string][];
  /** Values in the texts of canonical.py. */
  rows?: unknown[][];
  error?: string;
}

/** What a test with Spark in it may take: a JVM that starts on a busy machine, and some hundred small jobs. */
export const SPARK_MS = 1_800_000;

const OPENED = ['java.lang', 'java.lang.invoke', 'java.io', 'java.net', 'java.nio', 'java.util', 'java.util.concurrent', 'sun.nio.ch', 'sun.util.calendar'];

/** Starts Spark, has it do all that is asked, and ends it. `directory` is for requests, answers and its warehouse. */
export async function runSpark(directory: string, requests: SparkRequests): Promise<SparkAnswer[]> {
  const [input, output, warehouse] = ['requests.json', 'answers.json', 'warehouse'].map((name) => join(directory, name)) as [string, string, string];
  await writeFile(input, JSON.stringify(requests));
  await mkdir(warehouse, { recursive: true });
  const opened = OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`);
  const program = join(import.meta.dirname, 'Outside.java');
  await promisify(execFile)('java', ['-Xmx2g', ...opened, '-cp', '.spark/*', program, input, output, warehouse], { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(await readFile(output, 'utf8')) as SparkAnswer[];
}
