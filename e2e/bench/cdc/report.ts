import type { Round } from './backlog.ts';
import type { Figures } from './drained.ts';
import type { EngineName } from './engine.ts';

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

/** Medians over the rounds, and the ratios that are the goal. */
export function backlogReport(rounds: readonly Round[]): string {
  const raw = rounds.flatMap(({ raw }) => raw ?? []);
  const rawRate = median(raw.map(({ rows, seconds }) => rows / seconds));
  const head = ['', 'rows/s', 'CPU s', 'peak MB', 'start s', 'bytes/row', 'codec', 'others, cores'];
  const lines = [head];
  if (raw.length > 0) {
    const [bytes, cpu] = [median(raw.map(({ rows, bytes }) => bytes / rows)), median(raw.map(({ cpuSeconds }) => cpuSeconds))];
    lines.push(['raw walsender', rawRate.toFixed(0), cpu.toFixed(1), '', '', bytes.toFixed(0), '', '']);
  }
  const rate = (name: EngineName): number => median(figuresOf(rounds, name).map(({ rowsPerSecond }) => rowsPerSecond));
  for (const name of ['lakeloop', 'debezium'] as const) {
    const figures = figuresOf(rounds, name);
    if (figures.length === 0) continue;
    const of = (pick: (one: Figures) => number, digits: number): string => median(figures.map(pick)).toFixed(digits);
    lines.push([
      name,
      of(({ rowsPerSecond }) => rowsPerSecond, 0),
      of(({ cpuSeconds }) => cpuSeconds, 1),
      of(({ peakMegabytes }) => peakMegabytes, 0),
      of(({ startSeconds }) => startSeconds, 1),
      of(({ bytesPerRow }) => bytesPerRow, 0),
      [...new Set(figures.flatMap(({ codecs }) => codecs))].join('+'),
      of(({ strangers }) => strangers, 2),
    ]);
  }
  const ratios = [
    `lakeloop / debezium: ${(rate('lakeloop') / rate('debezium')).toFixed(2)} (goal ≥ 2)`,
    `lakeloop / raw walsender: ${((100 * rate('lakeloop')) / rawRate).toFixed(0)} % (goal ≥ 85 %)`,
  ].filter((line) => !line.includes('NaN'));
  return [`backlog of ${rounds[0]?.rows} rows, ${rounds.length} round(s)`, tableText(lines), ...ratios].join('\n');
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

function figuresOf(rounds: readonly Round[], name: EngineName): Figures[] {
  return rounds.flatMap(({ engines }) => engines.get(name) ?? []);
}
