import { fits } from './amount.ts';
import { Conversion } from './convert.ts';
import type { GridLine } from './grid.ts';
import { fingerprint } from './hierarchy.ts';
import type { Conflict, PlanLine, Premise, ScopePlan } from './plan.ts';
import { planMeasure } from './plan-measure.ts';
import { compareText, poison } from './poison.ts';
import { parseScope } from './scope.ts';
import { readCapacities, readScope, type Ground } from './scope-rows.ts';
import type { PublishedScope, ScopeInputs } from './scope-inputs.ts';
import { cellKey } from './split-scopes.ts';
import { assertTiesOut, tieOutOf, tieOutOfLines } from './tie-out.ts';

/**
 * The plan of one scope: a function of its inputs alone, so that scopes can be recomputed one by one. It ties out, or it throws. In a frozen period what was
 * published stands, be it nothing; periods frozen before the very first plan get that plan. A scope whose roots are gone, or that nothing is said about, has an empty plan.
 * @throws Failure `poison-record` naming the row that can't be planned with; `bug` where the plan doesn't tie out.
 */
export function reconcile(inputs: ScopeInputs): ScopePlan {
  const plan = inputs.frozen && inputs.published !== null ? standing(inputs, inputs.published) : compute(inputs);
  assertTiesOut(plan);
  return plan;
}

function standing({ scope }: ScopeInputs, { lines, conflicts, premises }: PublishedScope): ScopePlan {
  const frozen = lines.map((line) => (line.frozen ? line : { ...line, frozen: true }));
  const measures = [...new Set(frozen.map(({ measure }) => measure))].sort(compareText);
  return {
    scope,
    period: parseScope(scope).period,
    lines: frozen.sort(compareLines),
    conflicts: [...conflicts].sort(compareLines),
    premises: premises ?? [],
    tieOuts: measures.map((measure) => tieOutOfLines(scope, measure, frozen)),
  };
}

function compute(inputs: ScopeInputs): ScopePlan {
  const { reference, scope, frozen } = inputs;
  const { product, region, period } = parseScope(scope);
  const [products, regions] = [reference.products.get(product), reference.regions.get(region)];
  const empty = { scope, period, lines: [], conflicts: [], premises: [], tieOuts: [] };
  if (products === undefined || regions === undefined || products.parent !== null || regions.parent !== null) return empty;
  const ground: Ground = { reference, products, regions, period, conversion: new Conversion(reference, period) };
  const measures = readScope(ground, inputs);
  const capacities = readCapacities(ground, inputs);
  const [lines, conflicts, tieOuts]: [PlanLine[], Conflict[], ScopePlan['tieOuts'][number][]] = [[], [], []];
  for (const rows of [...measures.values()].sort((a, b) => compareText(a.measure.measure, b.measure.measure))) {
    const planned = planMeasure(ground, scope, rows, capacities.get(rows.measure.dimension) ?? []);
    const unit = reference.baseUnits.get(rows.measure.dimension) as string;
    const own = planned.lines.map((line) => planLine(line, { scope, period, measure: rows.measure.measure, unit, frozen }));
    lines.push(...own);
    conflicts.push(...planned.conflicts.sort(compareLines));
    tieOuts.push(tieOutOf({ scope, measure: rows.measure.measure, unit }, planned.stated, own));
  }
  if (lines.length === 0) return { ...empty, tieOuts };
  return { scope, period, lines, conflicts, premises: premises(ground), tieOuts };
}

function planLine(line: GridLine, rest: Pick<PlanLine, 'scope' | 'period' | 'measure' | 'unit' | 'frozen'>): PlanLine {
  const key = { product: line.product.name, region: line.region.name, period: rest.period };
  if (!fits(line.amount)) throw poison('plan_lines', cellKey(key, rest.measure), 'amount', 'is too large: the plan holds 32 digits before the point');
  return {
    ...key,
    measure: rest.measure,
    scope: rest.scope,
    unit: rest.unit,
    baseline: line.baseline,
    assumed: line.assumed,
    finance: line.teams.finance,
    sales: line.teams.sales,
    supply: line.teams.supply,
    cut: line.cut,
    override: line.override,
    amount: line.amount,
    capacity: line.capacity,
    constrained: line.cut !== 0n,
    overridden: line.overridden,
    frozen: rest.frozen,
    conflict: line.conflict,
    contributors: line.contributors,
  };
}

type Keyed = Pick<PlanLine, 'measure' | 'product' | 'region'>;

export function compareLines(left: Keyed, right: Keyed): number {
  return compareText(left.measure, right.measure) || compareText(left.product, right.product) || compareText(left.region, right.region);
}

function premises({ reference, products, regions, conversion }: Ground): Premise[] {
  const trees: Premise[] = [
    { source: 'hierarchy', id: products.name, value: fingerprint(reference.products, products), author: null },
    { source: 'hierarchy', id: regions.name, value: fingerprint(reference.regions, regions), author: null },
  ];
  const unique = new Map([...trees, ...conversion.premises].map((premise) => [`${premise.source}|${premise.id}`, premise]));
  return [...unique].sort(([left], [right]) => compareText(left, right)).map(([, premise]) => premise);
}
