import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What a process of a cluster has in its command line: guards against a process id that was used again by something else. */
const OURS = /dist\/services\/\w+\/src\/main\.js|kafka\.Kafka|redis-server|postgres/;

/** Writes down which processes belong to the cluster, for the case that its starter is killed and they live on. */
export async function rememberProcesses(dataDirectory: string, pids: readonly number[]): Promise<void> {
  await writeFile(join(dataDirectory, 'running.json'), JSON.stringify(pids));
}

/** Ends what an earlier, killed start left running on this directory. Whoever calls holds the directory's lock. */
export async function endLeftovers(dataDirectory: string): Promise<void> {
  const path = join(dataDirectory, 'running.json');
  const text = await readFile(path, 'utf8').catch(() => '[]');
  for (const pid of JSON.parse(text || '[]') as number[]) {
    if (OURS.test(await commandLine(pid))) await end(pid);
  }
  await rm(path, { force: true });
}

/** Empty where there is no such process, or no way to tell. */
async function commandLine(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
}

/** Postgres takes SIGINT as "stop now, in order"; the others end likewise. */
async function end(pid: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    process.kill(pid, signal);
    for (let waited = 0; waited < 10_000; waited += 50) {
      if ((await commandLine(pid)) === '') return;
      await delay(50);
    }
  }
}
