import { availableParallelism } from 'node:os';
import type pg from 'pg';
import { parse } from 'pg-connection-string';

/** A statement that has run for this long waits for something other than a core: it no longer counts, ms. */
const SHORT_MS = 10;
/** Short statements at once for each core of a server that shares this machine. */
const LANES_PER_CORE = 4;

/**
 * How many short statements run at once. A server with fewer cores than busy sessions spends them on switching and on locks of its own: the same
 * statements on sixteen sessions and two cores cost it half as much again as on four. Too few, and cores idle while every session waits for the log to
 * reach the disk, which one flush could do for all of them: governed inserts per second on two cores were 379 with four lanes, 667 with six, 584 with
 * eight and 573 with sixteen, in alternating rounds beside other load (a bare insert: 1,159). A statement that takes longer leaves its lane to the next one, so
 * nothing waits for more than `SHORT_MS` behind others that wait themselves.
 */
export class Lanes {
  readonly #width: number;
  /** When each short statement began, in that order. */
  readonly #running = new Map<symbol, number>();
  readonly #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(width: number) {
    this.#width = width;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const lane = Symbol();
    const enter = (): void => void this.#running.set(lane, performance.now());
    if (this.#running.size < this.#width) enter();
    else await new Promise<void>((resolve) => void this.#queue(() => resolve(enter())));
    try {
      return await work();
    } finally {
      if (this.#running.delete(lane)) this.#next();
    }
  }

  #queue(resolve: () => void): void {
    this.#waiting.push(resolve);
    this.#watch();
  }

  #next(): void {
    this.#waiting.shift()?.();
  }

  /** While somebody waits: lets the oldest statement leave its lane when it turns out long. */
  #watch(): void {
    if (this.#timer) return;
    const [oldest] = this.#running.values();
    const wait = oldest === undefined ? 0 : Math.max(0, oldest + SHORT_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#overtake();
      if (this.#waiting.length > 0) this.#watch();
    }, wait);
  }

  #overtake(): void {
    const before = performance.now() - SHORT_MS;
    for (const [lane, since] of this.#running) {
      if (since > before) return;
      this.#running.delete(lane);
      this.#next();
    }
  }
}

/** The lanes of a pool's server, which every user of that pool shares: as many as its cores serve where it shares this machine, else no bound but the pool's. */
export function lanesOf(pool: pg.Pool): Lanes {
  let lanes = LANES.get(pool);
  if (!lanes) LANES.set(pool, (lanes = new Lanes(sharesMachine(pool) ? LANES_PER_CORE * availableParallelism() : Infinity)));
  return lanes;
}

const LANES = new WeakMap<pg.Pool, Lanes>();

/** Whether a pool's server runs on this machine, as far as its address tells. */
export function sharesMachine({ options: { host, connectionString } }: pg.Pool): boolean {
  const server = host ?? (connectionString === undefined ? undefined : parse(connectionString).host) ?? undefined;
  return server === undefined || server.startsWith('/') || ['localhost', '127.0.0.1', '::1'].includes(server);
}
