import { Failure } from '#libs/failure/failure';
import type { Amount } from './amount.ts';
import { sum } from './grid.ts';
import type { PlanLine, ScopePlan, TieOut } from './plan.ts';
import { quoted } from './poison.ts';

type Stated = Pick<TieOut, 'baseline' | 'assumed' | 'adjustments' | 'cut' | 'override'>;

/** One measure's lines against what was stated for the scope: two sums that meet only if nothing was lost or made on the way down. */
export function tieOutOf(of: Pick<TieOut, 'scope' | 'measure' | 'unit'>, stated: Stated, lines: readonly PlanLine[]): TieOut {
  const { baseline, assumed, adjustments, cut, override } = stated;
  const expected = baseline + assumed + adjustments - cut + override;
  const actual = sum(lines.map(({ amount }) => amount));
  return { ...of, baseline, assumed, adjustments, cut, override, expected, actual, difference: actual - expected, ok: actual === expected };
}

/** The tie-out of lines that stand as published: nothing else is known of what they were made from. */
export function tieOutOfLines(scope: string, measure: string, lines: readonly PlanLine[]): TieOut {
  const own = lines.filter((line) => line.measure === measure);
  const total = (of: (line: PlanLine) => Amount): Amount => sum(own.map(of));
  const stated = {
    baseline: total(({ baseline }) => baseline),
    assumed: total(({ assumed }) => assumed),
    adjustments: total(({ finance, sales, supply }) => finance + sales + supply),
    cut: total(({ cut }) => cut),
    override: total(({ override }) => override),
  };
  return tieOutOf({ scope, measure, unit: own[0]?.unit ?? '' }, stated, own);
}

/**
 * Refuses a plan whose totals are not proven: a tie-out with a difference or that is not of these lines, a line whose parts don't sum to it. `reconcile` ends
 * with it; call it again before publishing anything that was stored or sent in between.
 * @throws Failure `bug` naming scope and measure.
 */
export function assertTiesOut({ scope, lines, tieOuts }: ScopePlan): void {
  const totals = new Map<string, Amount>();
  for (const line of lines) {
    assertLine(line);
    totals.set(line.measure, (totals.get(line.measure) ?? 0n) + line.amount);
  }
  for (const { measure, expected, actual, ok } of tieOuts) {
    const total = totals.get(measure) ?? 0n;
    totals.delete(measure);
    if (!ok || expected !== actual || total !== actual) throw untied(`${scope}: the lines of ${quoted(measure)} don't sum to what was stated`);
  }
  const [left] = totals.keys();
  if (left !== undefined) throw untied(`${scope}: ${quoted(left)} has lines and no tie-out`);
}

function assertLine(line: PlanLine): void {
  const { baseline, assumed, finance, sales, supply, cut, override, amount, contributors } = line;
  const of = (): string => `${line.scope}: the line of ${quoted(line.product)} in ${quoted(line.region)}, ${quoted(line.measure)},`;
  if (baseline + assumed + finance + sales + supply - cut + override !== amount) throw untied(`${of()} isn't the sum of its parts`);
  let parts = baseline;
  const teams = { finance: 0n, sales: 0n, supply: 0n };
  for (const { team, amount: part } of contributors) {
    parts += part;
    if (team !== null) teams[team] += part;
  }
  if (parts !== amount) throw untied(`${of()} isn't the sum of its contributors`);
  if (teams.finance !== finance || teams.sales !== sales || teams.supply !== supply) throw untied(`${of()} has a team's amount that isn't its contributors'`);
  if (cut < 0n) throw untied(`${of()} is raised by a capacity`);
}

function untied(problem: string): Failure {
  return new Failure('bug', `the plan doesn't tie out, so it isn't published: ${problem}`);
}
