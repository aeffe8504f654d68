import { asText } from '../api/as-text.ts';
import type { Row } from '../api/rows.ts';
import { type Amount, amountOf } from './decimal.ts';
import { TEAMS, type Team } from './reference.ts';

/** One line of the consolidated plan: a product leaf in a region leaf, a period, a measure. */
export interface PlanLine {
  product: string;
  region: string;
  period: string;
  measure: string;
  unit: string;
  baseline: Amount;
  /** What growth assumptions add. */
  assumed: Amount;
  teams: Readonly<Record<Team, Amount>>;
  /** What capacity takes away; never negative. */
  cut: Amount;
  /** What an override moves, against all the above. */
  override: Amount;
  /** What the plan says: baseline + assumed + teams − cut + override, exactly. */
  amount: Amount;
  capacity: Amount | undefined;
  constrained: boolean;
  overridden: boolean;
  frozen: boolean;
  conflict: boolean;
  version: number;
}

export function planLineOf(row: Row): PlanLine {
  return {
    product: asText(row.product),
    region: asText(row.region),
    period: asText(row.period),
    measure: asText(row.measure),
    unit: asText(row.unit),
    baseline: amountOf(row.baseline) ?? 0n,
    teams: { finance: amountOf(row.finance) ?? 0n, sales: amountOf(row.sales) ?? 0n, supply: amountOf(row.supply) ?? 0n },
    assumed: amountOf(row.assumed) ?? 0n,
    cut: amountOf(row.cut) ?? 0n,
    override: amountOf(row.override) ?? 0n,
    amount: amountOf(row.amount) ?? 0n,
    capacity: amountOf(row.capacity),
    constrained: row.constrained === true,
    overridden: row.overridden === true,
    frozen: row.frozen === true,
    conflict: row.conflict === true,
    version: Number(row.version ?? 0),
  };
}

/** How an amount came about. The parts add up to `amount`, always. */
export interface Breakdown {
  baseline: Amount;
  assumed: Amount;
  teams: Record<Team, Amount>;
  /** Negative: what capacity took away. */
  cut: Amount;
  /** What overrides moved it by. */
  overrides: Amount;
  amount: Amount;
}

export function breakdownOf(line: PlanLine): Breakdown {
  const { baseline, assumed, teams, cut, override, amount } = line;
  return { baseline, assumed, teams: { ...teams }, cut: -cut, overrides: override, amount };
}

export function emptyBreakdown(): Breakdown {
  return { baseline: 0n, assumed: 0n, teams: { finance: 0n, sales: 0n, supply: 0n }, cut: 0n, overrides: 0n, amount: 0n };
}

export function addTo(total: Breakdown, part: Breakdown): void {
  total.baseline += part.baseline;
  total.assumed += part.assumed;
  for (const team of TEAMS) total.teams[team] += part.teams[team];
  total.cut += part.cut;
  total.overrides += part.overrides;
  total.amount += part.amount;
}

export function lineKey(line: Pick<PlanLine, 'product' | 'region' | 'period' | 'measure'>): string {
  return `${line.product}|${line.region}|${line.period}|${line.measure}`;
}
