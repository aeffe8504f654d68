import type { Round } from './backlog.ts';
import type { Figures } from './drained.ts';
import type { EngineName } from './engine.ts';
import type { Latencies } from './latency.ts';
import type { Large } from './transaction.ts';

/** Lines of a table whose columns are as wide as they must be; the first row is its head. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '))
    .join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

const HEAD = ['', 'rows/s', 'CPU s', 'peak MB', 'start s', 'bytes/row', 'codec', 'others, cores'];
const SIDES = ['lakeloop', 'debezium'] as const;

function engineLine(name: EngineName, figures: readonly Figures[]): string[] {
  const of = (pick: (one: Figures) => number, digits: number): string => median(figures.map(pick)).toFixed(digits);
  return [
    name,
    of(({ rowsPerSecond }) => rowsPerSecond, 0),
    of(({ cpuSeconds }) => cpuSeconds, 1),
    of(({ peakMegabytes }) => peakMegabytes, 0),
    of(({ startSeconds }) => startSeconds, 1),
    of(({ bytesPerRow }) => bytesPerRow, 0),
    [...new Set(figures.flatMap(({ codecs }) => codecs))].join('+'),
    of(({ strangers }) => strangers, 2),
  ];
}

/** Medians over the rounds, and the ratios that are the goal. */
export function backlogReport(rounds: readonly Round[]): string {
  const raw = rounds.flatMap(({ raw }) => raw ?? []);
  const rawRate = median(raw.map(({ rows, seconds }) => rows / seconds));
  const lines = [HEAD];
  if (raw.length > 0) {
    const [bytes, cpu] = [median(raw.map(({ rows, bytes }) => bytes / rows)), median(raw.map(({ cpuSeconds }) => cpuSeconds))];
    lines.push(['raw walsender', rawRate.toFixed(0), cpu.toFixed(1), '', '', bytes.toFixed(0), '', '']);
  }
  const rate = (name: EngineName): number => median(figuresOf(rounds, name).map(({ rowsPerSecond }) => rowsPerSecond));
  for (const name of SIDES) if (figuresOf(rounds, name).length > 0) lines.push(engineLine(name, figuresOf(rounds, name)));
  const ratios = [
    `lakeloop / debezium: ${(rate('lakeloop') / rate('debezium')).toFixed(2)} (goal ≥ 2)`,
    `lakeloop / raw walsender: ${((100 * rate('lakeloop')) / rawRate).toFixed(0)} % (goal ≥ 85 %)`,
  ].filter((line) => !line.includes('NaN'));
  return [`backlog of ${rounds[0]?.rows} rows, ${rounds.length} round(s)`, tableText(lines), ...ratios].join('\n');
}

export function snapshotReport(figures: ReadonlyMap<EngineName, Figures>, rows: number): string {
  const lines = [...figures].map(([name, one]) => engineLine(name, [one]));
  const [ours, theirs] = SIDES.map((name) => figures.get(name)?.rowsPerSecond);
  const ratio = ours && theirs ? [`lakeloop / debezium: ${(ours / theirs).toFixed(2)} (goal ≥ 1.3)`] : [];
  return [`snapshot of ${rows} rows`, tableText([HEAD, ...lines]), ...ratio].join('\n');
}

export function latencyReport(figures: readonly Latencies[]): string {
  const lines = figures.map(({ engine, ratePerSecond, p50, p99, samples, strangers }) => [
    `${engine} at ${ratePerSecond}/s`,
    p50.toFixed(2),
    p99.toFixed(2),
    String(samples),
    strangers.toFixed(2),
  ]);
  const ratios = figures
    .filter(({ engine }) => engine === 'lakeloop')
    .flatMap((ours) => {
      const theirs = figures.find(({ engine, ratePerSecond }) => engine === 'debezium' && ratePerSecond === ours.ratePerSecond);
      if (!theirs) return [];
      const [p50, p99] = [(ours.p50 / theirs.p50).toFixed(2), (ours.p99 / theirs.p99).toFixed(2)];
      return [`lakeloop / debezium at ${ours.ratePerSecond}/s: p50 ${p50}, p99 ${p99} (goal ≤ 0.33)`];
    });
  return ['commit → consumer', tableText([['', 'p50 ms', 'p99 ms', 'events', 'others, cores'], ...lines]), ...ratios].join('\n');
}

/** CPU a row at each size; linear is when it does not grow. */
export function growthReport(rounds: readonly Round[]): string {
  const lines = rounds.flatMap(({ rows, engines }) =>
    [...engines].map(([name, { cpuSeconds, rowsPerSecond, peakMegabytes }]) => [
      `${name}, ${rows} rows`,
      rowsPerSecond.toFixed(0),
      ((1e6 * cpuSeconds) / rows).toFixed(2),
      peakMegabytes.toFixed(0),
    ]),
  );
  return ['cost by size of the backlog (goal: CPU a row does not grow)', tableText([['', 'rows/s', 'CPU µs/row', 'peak MB'], ...lines])].join('\n');
}

/** A large transaction: what it takes, and how long small ones wait beside it. The server sends it whole once it is committed, so those behind it wait for its end. */
export function transactionReport(figures: readonly Large[]): string {
  const waits = ({ p50, p99, max, samples }: Large['before']): string[] => [p50, p99, max].map((ms) => ms.toFixed(0)).concat(String(samples));
  const head = ['', 'first row s', 'last row s', 'rows/s', 'CPU µs/row', 'peak MB', 'slot MB', 'others, cores'];
  const lines = figures.map(({ what, rows, firstSeconds, seconds, cpuSeconds, peakMegabytes, slotMegabytes, strangers }) => [
    `${what}, ${rows} rows`,
    firstSeconds.toFixed(1),
    seconds.toFixed(1),
    (rows / seconds).toFixed(0),
    ((1e6 * cpuSeconds) / rows).toFixed(2),
    peakMegabytes.toFixed(0),
    slotMegabytes.toFixed(0),
    strangers.toFixed(2),
  ]);
  const small = figures.flatMap(({ what, before, during }) => [
    [`${what}: while it was written`, ...waits(before)],
    [`${what}: from its commit on`, ...waits(during)],
  ]);
  return [
    'one large transaction',
    tableText([head, ...lines]),
    'small ones of another table, commit → consumer',
    tableText([['', 'p50 ms', 'p99 ms', 'max ms', 'events'], ...small]),
  ].join('\n');
}

function figuresOf(rounds: readonly Round[], name: EngineName): Figures[] {
  return rounds.flatMap(({ engines }) => engines.get(name) ?? []);
}
