import { Worker } from 'node:worker_threads';
import type { TrainedModel } from '../classifier/train.ts';
import type { TrainingTask } from './training-worker.ts';

/** Beside this file, with its extension: `.js` in dist, `.ts` when run from the source. */
const FILE = new URL(`./training-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

export type TrainingResult = TrainedModel & { examples: number };

/** Trains in a worker thread. Rejects with what the worker threw; `signal` ends it. */
export async function runTraining(task: TrainingTask, signal: AbortSignal): Promise<TrainingResult> {
  signal.throwIfAborted();
  const worker = new Worker(FILE, { workerData: task, execArgv: process.execArgv.filter((argument) => !argument.startsWith('--inspect')) });
  const { promise, resolve, reject } = Promise.withResolvers<TrainingResult>();
  const abort = (): void => void worker.terminate().then(() => reject(signal.reason as Error));
  signal.addEventListener('abort', abort, { once: true });
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', (code) => reject(new Error(`the training thread ended with ${code} and no model`)));
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
