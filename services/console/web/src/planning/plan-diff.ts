import { asText } from '../api/as-text.ts';
import type { Row } from '../api/rows.ts';
import { type Amount, amountOf } from './decimal.ts';

/** Who moved a line by how much, in one version. */
export interface Cause {
  /** The team; for what no team entered, what it was: `override`, `capacity`, `rate` … */
  team: string;
  /** Id of the entry, override or choice behind it. */
  id: string;
  author: string;
  amount: Amount;
}

export interface PlanChange {
  version: number;
  product: string;
  region: string;
  period: string;
  measure: string;
  /** Undefined for a line that was not there. */
  before: Amount | undefined;
  after: Amount | undefined;
  causes: readonly Cause[];
}

/** A line between two versions: before the first change, after the last, and all causes between. */
export type LineDiff = Omit<PlanChange, 'version'> & { difference: Amount };

export function planChangeOf(row: Row): PlanChange {
  return {
    version: Number(row.version),
    product: asText(row.product),
    region: asText(row.region),
    period: asText(row.period),
    measure: asText(row.measure),
    before: amountOf(row.before),
    after: amountOf(row.after),
    causes: listOf(row.causes).map((cause) => ({
      team: asText(cause.team) || asText(cause.source),
      id: asText(cause.id),
      author: asText(cause.author),
      amount: amountOf(cause.amount) ?? 0n,
    })),
  };
}

/** A jsonb list: parsed by `/rest/v1`, JSON text in a change event. */
export function listOf(value: unknown): Row[] {
  const list: unknown = typeof value === 'string' && value !== '' ? JSON.parse(value) : value;
  return Array.isArray(list) ? (list as Row[]) : [];
}

/** Changes of several versions, one line each. What came back to where it was is no difference. Largest first. */
export function lineDiffs(changes: readonly PlanChange[]): LineDiff[] {
  const lines = new Map<string, LineDiff>();
  for (const change of changes.toSorted((a, b) => a.version - b.version)) {
    const key = `${change.product}|${change.region}|${change.period}|${change.measure}`;
    const { version: _version, ...line } = change;
    const known = lines.get(key);
    lines.set(key, known ? { ...known, after: line.after, causes: [...known.causes, ...line.causes], difference: 0n } : { ...line, difference: 0n });
  }
  return [...lines.values()]
    .map((line) => ({ ...line, difference: (line.after ?? 0n) - (line.before ?? 0n) }))
    .filter(({ before, after }) => before !== after)
    .toSorted((a, b) => compareSizes(b.difference, a.difference));
}

export interface ByCause {
  team: string;
  author: string;
  amount: Amount;
  lines: number;
  /** Distinct entries behind it. */
  entries: number;
}

/** Who changed how much of one measure, over all lines; the largest first. What no cause explains is under no team and no author. */
export function byCause(lines: readonly LineDiff[], measure: string): ByCause[] {
  const found = new Map<string, ByCause & { ids: Set<string>; keys: Set<LineDiff> }>();
  const add = (line: LineDiff, cause: Cause): void => {
    const key = `${cause.team}\n${cause.author}`;
    const entry = found.get(key) ?? { team: cause.team, author: cause.author, amount: 0n, lines: 0, entries: 0, ids: new Set(), keys: new Set() };
    entry.amount += cause.amount;
    entry.ids.add(cause.id);
    entry.keys.add(line);
    found.set(key, entry);
  };
  for (const line of lines.filter((candidate) => candidate.measure === measure)) {
    for (const cause of line.causes) if (cause.amount !== 0n) add(line, cause);
    const rest = line.difference - line.causes.reduce((total, { amount }) => total + amount, 0n);
    if (rest !== 0n) add(line, { team: '', author: '', id: '', amount: rest });
  }
  return [...found.values()]
    .map(({ ids, keys, ...rest }) => ({ ...rest, entries: ids.size, lines: keys.size }))
    .toSorted((a, b) => compareSizes(b.amount, a.amount));
}

function compareSizes(a: Amount, b: Amount): number {
  const [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  return x < y ? -1 : x > y ? 1 : 0;
}
