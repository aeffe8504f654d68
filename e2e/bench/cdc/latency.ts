import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../percentiles.ts';
import { CommitLoad } from './commit-load.ts';
import { Engine, type EngineName } from './engine.ts';
import type { Options } from './options.ts';
import { dropSlot, type Stage } from './stage.ts';
import { Strangers } from '../../support/usage.ts';

export interface Latencies {
  engine: EngineName;
  ratePerSecond: number;
  /** From the server's own time of the commit to a consumer that holds the event, ms. */
  p50: number;
  p99: number;
  samples: number;
  strangers: number;
}

const TABLE = 'latency';
/** Both sides compile what they run while they run it; these seconds are not counted. */
const WARM_UP_SECONDS = 10;
const SETTLE_MS = 1_000;
const COMMITTED = /"ts_us":(\d+)/;

/** Each side alone under the same load, at each rate. */
export async function measureLatency(stage: Stage, options: Options): Promise<Latencies[]> {
  await stage.createTable(TABLE);
  const figures: Latencies[] = [];
  for (const name of options.engines) {
    const engine = new Engine(name, stage, { table: TABLE, compression: options.compression, snapshot: false });
    await engine.createPublication();
    options.say(`latency: starting ${name}`);
    const running = await engine.start();
    try {
      figures.push(...(await underLoad(stage, engine, options)));
    } finally {
      await running.stop();
    }
    await dropSlot(stage.client, engine.slot);
  }
  return figures;
}

async function underLoad(stage: Stage, engine: Engine, { rates, seconds, say }: Options): Promise<Latencies[]> {
  const load = new CommitLoad(stage, TABLE);
  const figures: Latencies[] = [];
  let samples: number[] | undefined;
  const consumer = await stage.log.subscribe({
    topics: [engine.topic],
    from: 'latest',
    onBatch: async ({ records }) => {
      const now = (performance.timeOrigin + performance.now()) * 1000;
      for (const { value } of records) samples?.push((now - Number(COMMITTED.exec(value?.toString('latin1') ?? '')?.[1])) / 1000);
    },
  });
  try {
    for (const ratePerSecond of rates) {
      say(`latency: ${engine.name} at ${ratePerSecond}/s, ${WARM_UP_SECONDS} s to warm up and ${seconds} s`);
      samples = undefined;
      await load.run(ratePerSecond, WARM_UP_SECONDS);
      await delay(SETTLE_MS);
      const taken: number[] = (samples = []);
      const strangers = await Strangers.watch();
      await load.run(ratePerSecond, seconds);
      const busy = await strangers.cores();
      await delay(SETTLE_MS);
      figures.push({ engine: engine.name, ratePerSecond, p50: percentile(taken, 50), p99: percentile(taken, 99), samples: taken.length, strangers: busy });
    }
  } finally {
    await consumer.close();
  }
  return figures;
}
