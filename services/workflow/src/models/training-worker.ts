import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import type { Example } from '../classifier/feature.ts';
import { train, type TrainingPlan } from '../classifier/train.ts';

/** What the worker thread is given. */
export interface TrainingTask {
  connectionString: string;
  /** Role that reads the examples. */
  role: string;
  /** Returns columns `values` (JSON array) and `class`. */
  statement: string;
  plan: TrainingPlan;
}

/** Reads the examples under the flow's role and trains: a second or more of work that must not be on the main thread (decisions.md 25). */
async function run(task: TrainingTask): Promise<void> {
  const client = new pg.Client({ connectionString: task.connectionString, application_name: 'lakeloop-training' });
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    await client.query("select set_config('role', $1, true)", [task.role]);
    const { rows } = await client.query<{ values: string; class: string }>(task.statement);
    const examples: Example[] = rows.map((row) => ({ values: JSON.parse(row.values) as Example['values'], class: row.class }));
    parentPort?.postMessage({ ...train(task.plan, examples), examples: examples.length });
  } finally {
    await client.end();
  }
}

await run(workerData as TrainingTask);
