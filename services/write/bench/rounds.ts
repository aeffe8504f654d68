import { cpuSeconds } from './cpu.ts';
import { load, type LoadResult, type Call } from './load.ts';
import { CONNECTIONS } from './stand.ts';

/** One side of a comparison. */
export interface Target {
  name: string;
  /** Base URL; absent where no HTTP server is asked: then `work` is what one connection does. */
  url?: string;
  call?: () => Call;
  work?: () => Promise<void>;
  /** Process whose CPU is printed beside Postgres's; 0: none. */
  pid: number;
}

export interface Comparison {
  title: string;
  targets: readonly [Target, ...Target[]];
  rounds?: number;
  seconds: number;
  /** Units of work in one request, such as rows of a batch; default 1. */
  unitsPerRequest?: number;
  unit?: string;
}

/**
 * Runs the targets in alternating rounds with the same load and prints each round and the medians, the first target's as 100 %. CPU is a second measure,
 * which other load on the machine disturbs less.
 */
export async function compare(postgresPid: number, { title, targets, rounds = 5, seconds, unitsPerRequest = 1, unit = 'req' }: Comparison): Promise<void> {
  console.log(`\n${title}`);
  const results = new Map<string, LoadResult[]>(targets.map(({ name }) => [name, []]));
  for (const target of targets) await load({ ...target, connections: CONNECTIONS, seconds: Math.min(2, seconds) });
  for (let round = 1; round <= rounds; round += 1) {
    for (const target of targets) {
      const cpu = (): { service: number; postgres: number } => ({ service: cpuSeconds(target.pid), postgres: cpuSeconds(postgresPid, true) });
      const before = cpu();
      const result = await load({ ...target, connections: CONNECTIONS, seconds });
      const after = cpu();
      const each = (name: 'service' | 'postgres'): string => (((after[name] - before[name]) / result.requests / unitsPerRequest) * 1e6).toFixed(0);
      results.get(target.name)?.push(result);
      console.log(
        `round ${round}  ${target.name.padEnd(9)} ${(result.perSecond * unitsPerRequest).toFixed(0).padStart(7)} ${unit}/s   p50 ${result.p50.toFixed(2)} ms   p99 ${result.p99.toFixed(2)} ms   CPU µs/${unit}: service ${each('service')}, Postgres ${each('postgres')}`,
      );
    }
  }
  const medians = targets.map(({ name }) => median((results.get(name) ?? []).map(({ perSecond }) => perSecond)) * unitsPerRequest);
  const [reference = 0] = medians;
  console.log(
    `median  ${targets.map(({ name }, index) => `${name} ${medians[index]?.toFixed(0)} ${unit}/s`).join('   ')}   ratio ${medians
      .slice(1)
      .map((each) => `${((each / reference) * 100).toFixed(1)} %`)
      .join(', ')}`,
  );
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
