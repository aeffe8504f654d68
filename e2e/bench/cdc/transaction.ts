import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, peakMegabytes, Strangers } from '../../support/usage.ts';
import { percentile } from '../percentiles.ts';
import { CommitLoad } from './commit-load.ts';
import { reaches } from './drained.ts';
import { Engine } from './engine.ts';
import type { Options } from './options.ts';
import type { Stage } from './stage.ts';

/** One large transaction, and small ones of another table beside it. */
export interface Large {
  what: string;
  rows: number;
  /** From its commit to its first row in the topic, and to its last. */
  firstSeconds: number;
  seconds: number;
  cpuSeconds: number;
  peakMegabytes: number;
  /** Most WAL that the slot held back, MB. */
  slotMegabytes: number;
  /** Commit → consumer of the small ones, ms: while the large one was written, and from its commit until its last row was out. */
  before: Waits;
  during: Waits;
  strangers: number;
}

interface Waits {
  p50: number;
  p99: number;
  max: number;
  samples: number;
}

const LARGE = 'large';
const SMALL = 'small';
const SMALL_PER_SECOND = 50;
const SAVEPOINTS = 10_000;
const COMMITTED = /"ts_us":(\d+)/;
const AT_MOST_SECONDS = 3_600;

export async function measureTransaction(stage: Stage, options: Options): Promise<Large[]> {
  for (const table of [LARGE, SMALL]) await stage.createTable(table);
  const engine = new Engine('lakeloop', stage, { table: LARGE, others: [SMALL], compression: options.compression, snapshot: false });
  await engine.createPublication();
  const figures: Large[] = [];
  for (const [what, rows, sql] of [
    [
      'one statement',
      options.transaction,
      `insert into bench.large (account, note) select 'account-' || n % 1000, repeat('x', 60) from generate_series(1, ${options.transaction}) n`,
    ],
    [
      `${SAVEPOINTS} savepoints`,
      SAVEPOINTS,
      `do $$ begin for n in 1..${SAVEPOINTS} loop begin insert into bench.large (account) values (n); exception when division_by_zero then null; end; end loop; end $$`,
    ],
  ] as const) {
    options.say(`transaction: ${what}, ${rows} rows`);
    figures.push({ what, rows, ...(await one(stage, engine, { rows, sql })) });
  }
  return figures;
}

async function one(stage: Stage, engine: Engine, { rows, sql }: { rows: number; sql: string }): Promise<Omit<Large, 'what' | 'rows'>> {
  const starting = engine.start();
  const running = await starting;
  const waits: { committed: number; ms: number }[] = [];
  const consumer = await stage.log.subscribe({
    topics: [engine.topicOf(SMALL)],
    from: 'latest',
    onBatch: async ({ records }) => {
      const now = performance.timeOrigin + performance.now();
      for (const { value } of records) {
        const committed = Number(COMMITTED.exec(value?.toString('latin1') ?? '')?.[1]) / 1000;
        waits.push({ committed, ms: now - committed });
      }
    },
  });
  const load = new AbortController();
  const loading = new CommitLoad(stage, SMALL).run(SMALL_PER_SECOND, AT_MOST_SECONDS, load.signal);
  const slot = new SlotPeak(stage, engine.slot);
  try {
    const from = await next(stage, engine);
    // The first seconds compile what they run.
    await delay(5_000);
    const strangers = await Strangers.watch();
    const began = performance.timeOrigin + performance.now();
    await stage.client.query(sql);
    const committed = performance.timeOrigin + performance.now();
    const cpuBefore = await cpuSeconds(running.pid);
    const published = async (): Promise<bigint> => (await next(stage, engine)) - from;
    await reaches(published, 1n, starting);
    const first = performance.timeOrigin + performance.now();
    await reaches(published, BigInt(rows), starting);
    const ended = performance.timeOrigin + performance.now();
    await delay(1_000);
    return {
      firstSeconds: (first - committed) / 1000,
      seconds: (ended - committed) / 1000,
      cpuSeconds: (await cpuSeconds(running.pid)) - cpuBefore,
      peakMegabytes: await peakMegabytes(running.pid),
      slotMegabytes: await slot.end(),
      before: summed(waits.filter((wait) => wait.committed >= began && wait.committed + wait.ms < committed)),
      during: summed(waits.filter((wait) => wait.committed + wait.ms >= committed && wait.committed < ended)),
      strangers: await strangers.cores(),
    };
  } finally {
    load.abort();
    await loading.catch(() => undefined);
    await consumer.close();
    await running.stop();
  }
}

async function next(stage: Stage, engine: Engine): Promise<bigint> {
  return (await stage.log.bounds(engine.topic))[0]?.next ?? 0n;
}

function summed(waits: readonly { ms: number }[]): Waits {
  const taken = waits.map(({ ms }) => ms);
  return { p50: percentile(taken, 50), p99: percentile(taken, 99), max: percentile(taken, 100), samples: taken.length };
}

/** Looks twice a second how much WAL a slot holds back. */
class SlotPeak {
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;

  constructor(stage: Stage, slot: string) {
    const look = async (): Promise<void> => {
      const bounds = await stage.watcher.query<{ bytes: string }>(
        'select pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::text as bytes from pg_replication_slots where slot_name = $1',
        [slot],
      );
      this.#bytes = Math.max(this.#bytes, Number(bounds.rows[0]?.bytes ?? 0));
    };
    this.#timer = setInterval(() => void look(), 500);
  }

  async end(): Promise<number> {
    clearInterval(this.#timer);
    return this.#bytes / 2 ** 20;
  }
}
