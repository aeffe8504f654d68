import { parseArgs } from 'node:util';
import type { EngineName } from './engine.ts';

export const PARTS = ['backlog', 'latency', 'snapshot', 'growth', 'transaction'] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  parts: Part[];
  engines: EngineName[];
  /** Measure the walsender alone as well. */
  raw: boolean;
  rows: number;
  rounds: number;
  compression: string;
  /** Commits a second of `latency`, and for how long. */
  rates: number[];
  seconds: number;
  /** Rows of each step of `growth`. */
  growth: number[];
  /** Rows of the one transaction of `transaction`. */
  transaction: number;
  /** Prints progress. */
  say: (line: string) => void;
}

const HELP = `npm run bench:cdc -- [options]; prints figures and fails on none of them
  --only <parts>         ${PARTS.join(',')} (all)
  --engines <sides>      lakeloop,debezium,raw (all)
  --rows <n>             rows of the backlog and of the snapshot (1000000)
  --rounds <n>           backlogs, each drained by every side; the table shows medians (1)
  --compression <codec>  none, gzip, snappy, lz4 or zstd, asked of both sides (lz4)
  --rates <n,n>          commits a second of latency (200,1000)
  --seconds <n>          of latency, at each rate (20)
  --growth <rows>        steps of growth (100000,1000000); 10000000 takes some minutes and 6 GB of disk
  --transaction <rows>   of one transaction, beside small ones (1000000); 10000000 takes ten minutes and 12 GB of disk
`;

/** Prints the help and ends the process for what is no option. */
export function parseOptions(args: readonly string[]): Options {
  try {
    return read(args);
  } catch (error) {
    process.stdout.write(`${(error as Error).message}\n\n${HELP}`);
    process.exit(args.includes('--help') ? 0 : 2);
  }
}

function read(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: PARTS.join(',') },
      engines: { type: 'string', default: 'lakeloop,debezium,raw' },
      rows: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '1' },
      compression: { type: 'string', default: 'lz4' },
      rates: { type: 'string', default: '200,1000' },
      seconds: { type: 'string', default: '20' },
      growth: { type: 'string', default: '100000,1000000' },
      transaction: { type: 'string', default: '1000000' },
    },
  });
  const sides = oneOf(values.engines, ['lakeloop', 'debezium', 'raw'] as const);
  const began = performance.now();
  return {
    parts: oneOf(values.only, PARTS),
    engines: sides.filter((side) => side !== 'raw'),
    raw: sides.includes('raw'),
    rows: count(values.rows),
    rounds: count(values.rounds),
    compression: oneOf(values.compression, ['none', 'gzip', 'snappy', 'lz4', 'zstd'])[0] ?? 'none',
    rates: values.rates.split(',').map(count),
    seconds: count(values.seconds),
    growth: values.growth.split(',').map(count),
    transaction: count(values.transaction),
    say: (line) => process.stdout.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}\n`),
  };
}

function oneOf<T extends string>(text: string, known: readonly T[]): T[] {
  const names = text.split(',');
  const strange = names.find((name) => !known.includes(name as T));
  if (strange !== undefined) throw new Error(`'${strange}' is none of ${known.join(', ')}`);
  return names as T[];
}

function count(text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`'${text}' is no count`);
  return value;
}
