import { setTimeout as delay } from 'node:timers/promises';
import type { Engine, RunningEngine } from './engine.ts';
import { partitionFacts } from './segments.ts';
import type { Stage } from './stage.ts';
import { cpuSeconds, peakMegabytes, Strangers } from '../../support/usage.ts';

/** What it took a capture to publish a known number of rows. */
export interface Figures {
  /** From its start as a process to the first of the rows in its topic. */
  startSeconds: number;
  /** From the first row to the last one. */
  seconds: number;
  rowsPerSecond: number;
  /** Of the process between the first row and the last one. */
  cpuSeconds: number;
  /** Of the process since its start, MB. */
  peakMegabytes: number;
  /** Of a row in the topic. */
  bytesPerRow: number;
  codecs: string[];
  /** Cores that other programs kept busy meanwhile. */
  strangers: number;
}

/** Asking takes the broker's time. */
const POLL_MS = 25;
const GIVE_UP_MS = 9 * 60_000;
/** A takeover writes a few transaction markers, which are no rows. */
const MARKERS = 10n;

/** Starts the engine and waits until its topic holds `rows` more records, as the broker's own files have it. */
export async function timeDrain(stage: Stage, engine: Engine, rows: number, onProgress: (line: string) => void): Promise<Figures> {
  const from = (await nextOffset(stage, engine)) ?? 0n;
  const began = performance.now();
  const starting = engine.start();
  starting.catch(() => undefined);
  const published = async (): Promise<bigint> => ((await nextOffset(stage, engine)) ?? 0n) - from;
  await reaches(published, MARKERS, starting);
  const first = performance.now();
  const running = await starting;
  try {
    const strangers = await Strangers.watch();
    const cpuAtFirst = await cpuSeconds(running.pid);
    const telling = setInterval(() => void published().then((count) => onProgress(`${engine.name}: ${count} of ${rows} rows`)), 5_000);
    await reaches(published, BigInt(rows), starting);
    const seconds = (performance.now() - first) / 1000;
    const cpu = (await cpuSeconds(running.pid)) - cpuAtFirst;
    clearInterval(telling);
    const busyWithOthers = await strangers.cores();
    const facts = await partitionFacts(engine.topicDirectory, from);
    // Markers counted as rows: the last few rows were still to come.
    if (facts.records < rows) await reaches(async () => BigInt((await partitionFacts(engine.topicDirectory, from)).records), BigInt(rows), starting);
    return {
      startSeconds: (first - began) / 1000,
      seconds,
      rowsPerSecond: rows / seconds,
      cpuSeconds: cpu,
      peakMegabytes: await peakMegabytes(running.pid),
      bytesPerRow: facts.bytes / facts.records,
      codecs: facts.codecs,
      strangers: busyWithOthers,
    };
  } finally {
    await running.stop();
  }
}

/** Undefined while the topic does not exist. */
async function nextOffset(stage: Stage, engine: Engine): Promise<bigint | undefined> {
  return (await stage.log.bounds(engine.topic))[0]?.next;
}

/** Polls; an engine that does not start is told at once. */
export async function reaches(probe: () => Promise<bigint>, wanted: bigint, engine: Promise<RunningEngine>): Promise<void> {
  let failure: Error | undefined;
  engine.catch((error: unknown) => (failure = error instanceof Error ? error : new Error(String(error))));
  for (const deadline = Date.now() + GIVE_UP_MS; ;) {
    const reached = await probe();
    if (reached >= wanted) return;
    if (failure) throw failure;
    if (Date.now() > deadline) throw new Error(`only ${reached} of ${wanted} records were published`);
    await delay(POLL_MS);
  }
}
