import { parseAmount } from './amount.ts';
import type { AdjustmentRow, BaselineRow, CapacityRow, ConflictChoiceRow, OverrideRow, ReferenceRows, ScopeRows, Team } from './inputs.ts';
import type { PlanLine, ScopePlan } from './plan.ts';
import { NO_ROWS, REFERENCE } from './random-plan.fixture.ts';
import { reconcile } from './reconcile.ts';
import { compileReference } from './reference.ts';
import type { PublishedScope, ScopeInputs } from './scope-inputs.ts';

export const PERIOD = '2026-01';
export const SCOPE = `bikes|eu|${PERIOD}`;

/** `at` is `product region`. */
const cell = (at: string): { product: string; region: string; period: string } => {
  const [product, region] = at.split(' ') as [string, string];
  return { product, region, period: PERIOD };
};

export const baseline = (at: string, amount: string, more: Partial<BaselineRow> = {}): BaselineRow => ({
  ...cell(at),
  measure: 'volume',
  amount,
  unit: 'piece',
  ...more,
});

/** `finance 7` at `city de`: +10, or `20 %`, or `=30`. Changed at second 7. */
export function adjust(who: string, at: string, what: string, more: Partial<AdjustmentRow> = {}): AdjustmentRow {
  const [team, id] = who.split(' ') as [Team, string];
  const [kind, amount] = what.endsWith('%') ? ['percent', what.slice(0, -1).trim()] : what.startsWith('=') ? ['absolute', what.slice(1)] : ['delta', what];
  const seconds = id.padStart(2, '0').slice(-2);
  const row = {
    team,
    id,
    ...cell(at),
    measure: 'volume',
    kind,
    amount,
    confidence: '1.000',
    author: `${team}-planner`,
    updated_at: `2026-01-01 00:00:${seconds}+00`,
  };
  return { ...row, unit: kind === 'percent' ? null : 'piece', ...more };
}

export const capacity = (at: string, amount: string): CapacityRow => ({ ...cell(at), amount, unit: 'piece' });

export const override = (id: string, at: string, amount: string): OverrideRow => ({
  id,
  ...cell(at),
  measure: 'volume',
  amount,
  unit: 'piece',
  author: 'lead',
  created_at: '2026-01-02 00:00:00+00',
  withdrawn: false,
});

export const choice = (at: string, team: string): ConflictChoiceRow => ({
  ...cell(at),
  measure: 'volume',
  team,
  author: 'lead',
  chosen_at: '2026-01-02 00:00:00+00',
});

export interface Setting extends Partial<ScopeRows> {
  reference?: Partial<ReferenceRows>;
  frozen?: boolean;
  published?: PublishedScope;
}

export function inputs({ reference, frozen = false, published, ...rows }: Setting): ScopeInputs {
  return { reference: compileReference({ ...REFERENCE, ...reference }), scope: SCOPE, rows: { ...NO_ROWS, ...rows }, frozen, published: published ?? null };
}

export function plan(setting: Setting): ScopePlan {
  return reconcile(inputs(setting));
}

export function lineAt({ lines }: ScopePlan, at: string, measure = 'volume'): PlanLine {
  const { product, region } = cell(at);
  const found = lines.find((line) => line.product === product && line.region === region && line.measure === measure);
  if (found === undefined) throw new Error(`there is no line ${at}`);
  return found;
}

/** `{ 'city-1 north': 12.5 }` of a plan's volume; tests are written in small numbers. */
export function amounts({ lines }: ScopePlan, field: 'amount' | 'cut' = 'amount'): Record<string, number> {
  return Object.fromEntries(lines.filter(({ measure }) => measure === 'volume').map((line) => [`${line.product} ${line.region}`, Number(line[field]) / 1e6]));
}

export const exactly = parseAmount;
