import { formatAmount, parseAmount } from './amount.ts';
import type { Conflict, Contributor, LineChange, PlanLine, TieOut } from './plan.ts';

/** A row of `planning.plan_lines` and of the Delta table, but for `version` and `updated_at`, which the run knows. Numerics as text with six places. */
export type PlanLineRow = ReturnType<typeof lineRow>;

export function lineRow(line: PlanLine) {
  const { baseline, assumed, finance, sales, supply, cut, override, amount, capacity, contributors, ...rest } = line;
  return {
    ...rest,
    baseline: formatAmount(baseline),
    assumed: formatAmount(assumed),
    finance: formatAmount(finance),
    sales: formatAmount(sales),
    supply: formatAmount(supply),
    cut: formatAmount(cut),
    override: formatAmount(override),
    amount: formatAmount(amount),
    capacity: capacity === null ? null : formatAmount(capacity),
    contributors: contributors.map(contributorRow),
  };
}

function contributorRow(contributor: Contributor) {
  return { ...contributor, amount: formatAmount(contributor.amount) };
}

/** The line that `lineRow` wrote, read back from any store that kept its numerics. */
export function lineFromRow(row: PlanLineRow): PlanLine {
  return {
    product: row.product,
    region: row.region,
    period: row.period,
    measure: row.measure,
    scope: row.scope,
    unit: row.unit,
    baseline: parseAmount(row.baseline),
    assumed: parseAmount(row.assumed),
    finance: parseAmount(row.finance),
    sales: parseAmount(row.sales),
    supply: parseAmount(row.supply),
    cut: parseAmount(row.cut),
    override: parseAmount(row.override),
    amount: parseAmount(row.amount),
    capacity: row.capacity === null ? null : parseAmount(row.capacity),
    constrained: row.constrained,
    overridden: row.overridden,
    frozen: row.frozen,
    conflict: row.conflict,
    contributors: row.contributors.map(({ source, team, id, author, at, amount }) => ({ source, team, id, author, at, amount: parseAmount(amount) })),
  };
}

export type ConflictRow = ReturnType<typeof conflictRow>;

/** A row of `planning.plan_conflicts`, but for `version`. */
export function conflictRow(conflict: Conflict) {
  const { contributors, resolution, ...rest } = conflict;
  return {
    ...rest,
    contributors: contributors.map((each) => ({ ...each, amount: formatAmount(each.amount), confidence: formatAmount(each.confidence) })),
    resolution: { ...resolution, amount: formatAmount(resolution.amount) },
  };
}

export function conflictFromRow(row: ConflictRow): Conflict {
  const { contributors, resolution } = row;
  return {
    id: row.id,
    product: row.product,
    region: row.region,
    period: row.period,
    measure: row.measure,
    scope: row.scope,
    rule: row.rule,
    contributors: contributors.map(({ team, ids, authors, amount, confidence, at }) => ({
      team,
      ids,
      authors,
      amount: parseAmount(amount),
      confidence: parseAmount(confidence),
      at,
    })),
    resolution: { amount: parseAmount(resolution.amount), by: resolution.by, team: resolution.team, author: resolution.author },
  };
}

/** A row of `planning.plan_changes`, but for `version`. */
export function changeRow(change: LineChange) {
  const { product, region, period, measure, before, after, causes } = change;
  return {
    product,
    region,
    period,
    measure,
    before: before === null ? null : formatAmount(before),
    after: after === null ? null : formatAmount(after),
    causes: causes.map((cause) => ({ ...cause, amount: formatAmount(cause.amount) })),
  };
}

/** A row of `planning.tie_outs`, but for `run_id`. */
export function tieOutRow({ scope, measure, expected, actual, difference, ok }: TieOut) {
  return { scope, measure, expected: formatAmount(expected), actual: formatAmount(actual), difference: formatAmount(difference), ok };
}
