import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { diffPlans } from './diff-plans.ts';
import { isUnder } from './hierarchy.ts';
import type { AdjustmentRow, ScopeRows } from './inputs.ts';
import type { PlanLine, ScopePlan } from './plan.ts';
import { conflictFromRow, conflictRow, lineFromRow, lineRow } from './plan-rows.ts';
import { adjustment, PERIODS, referenceRows, scopeRows, shuffledRows } from './random-plan.fixture.ts';
import { reconcileAll } from './reconcile-all.ts';
import { compileReference, type Reference } from './reference.ts';
import type { PublishedScope } from './scope-inputs.ts';
import { expandTouched, touchedScopes, type PlanningChange } from './touched-scopes.ts';

const NOTHING_FROZEN = new Set<string>();

function full(
  reference: Reference,
  rows: ScopeRows,
  frozenPeriods: ReadonlySet<string> = NOTHING_FROZEN,
  published = new Map<string, PublishedScope>(),
): ScopePlan[] {
  return [...reconcileAll({ reference, rows, frozenPeriods, published: (scope) => published.get(scope) ?? null })];
}

const bytes = (plans: readonly ScopePlan[]): string => JSON.stringify(plans, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));

/** Compiled in the test, so that a counterexample is printed as rows. */
const world = fc.record({ referenceRows, rows: scopeRows });

function each(check: (reference: Reference, rows: ScopeRows, numbers: Iterator<number>) => void, numRuns = 300): void {
  const property = fc.property(world, fc.infiniteStream(fc.nat()), ({ referenceRows, rows }, numbers) => check(compileReference(referenceRows), rows, numbers));
  fc.assert(property, { numRuns });
}

describe('a reconciliation of any inputs', () => {
  it('ties out: every line is the sum of its parts, and lines sum to what was stated', () => {
    each((reference, rows) => {
      for (const { lines, tieOuts } of full(reference, rows)) {
        for (const { measure, expected, difference, ok } of tieOuts) {
          const own = lines.filter((line) => line.measure === measure);
          expect(own.reduce((sum, { amount }) => sum + amount, 0n)).toBe(expected);
          expect([ok, difference]).toEqual([true, 0n]);
        }
        for (const line of lines) expect(line.contributors.reduce((sum, { amount }) => sum + amount, line.baseline)).toBe(line.amount);
      }
    });
  });

  it('does not depend on the order of its rows, and is the same to the byte each time', () => {
    each((reference, rows, numbers) => {
      const shuffle = (items: readonly unknown[]): unknown[] =>
        items
          .map((item) => ({ item, at: numbers.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ item }) => item);
      expect(bytes(full(reference, shuffledRows(rows, shuffle)))).toBe(bytes(full(reference, rows)));
    });
  });

  it('exceeds no capacity, at whatever node, except where overrides alone do', () => {
    each((reference, rows) => {
      const lines = full(reference, rows).flatMap((plan) => plan.lines);
      for (const { product, region, period, amount, unit } of rows.capacities) {
        const under = (line: PlanLine): boolean =>
          line.measure === 'volume' &&
          line.period === period &&
          within(reference, 'products', line.product, product) &&
          within(reference, 'regions', line.region, region);
        const own = lines.filter(under);
        const total = own.reduce((sum, line) => sum + line.amount, 0n);
        const capacity = BigInt(Math.round(Number(amount) * 1000)) * 1000n * (unit === 'dozen' ? 12n : 1n);
        if (total > capacity) expect(own.filter((line) => !line.overridden && line.amount > 0n)).toEqual([]);
      }
    });
  });

  it('only ever lowers a line for a capacity, never below zero', () => {
    each((reference, rows) => {
      for (const line of full(reference, rows).flatMap((plan) => plan.lines)) {
        expect(line.cut >= 0n).toBe(true);
        expect(line.constrained).toBe(line.cut > 0n);
        if (line.cut > 0n) expect([line.amount >= 0n, line.overridden]).toEqual([true, false]);
      }
    });
  });

  it('makes every override hold', () => {
    each((reference, rows) => {
      const lines = full(reference, rows).flatMap((plan) => plan.lines);
      for (const { product, region, period, measure } of rows.overrides.filter(({ withdrawn }) => !withdrawn)) {
        const line = lines.find((each) => each.product === product && each.region === region && each.period === period && each.measure === measure);
        expect(line?.overridden).toBe(true);
      }
      expect(lines.filter(({ overridden }) => overridden)).toHaveLength(rows.overrides.filter(({ withdrawn }) => !withdrawn).length);
    });
  });

  it('survives a store: rows read back are the same plan', () => {
    each((reference, rows) => {
      for (const { lines, conflicts } of full(reference, rows)) {
        expect(lines.map((line) => lineFromRow(JSON.parse(JSON.stringify(lineRow(line))) as ReturnType<typeof lineRow>))).toEqual(lines);
        expect(conflicts.map((each) => conflictFromRow(JSON.parse(JSON.stringify(conflictRow(each))) as ReturnType<typeof conflictRow>))).toEqual(conflicts);
      }
    }, 100);
  });

  it('differs from itself in nothing, and any two plans by causes that sum to each change', () => {
    fc.assert(
      fc.property(world, scopeRows, ({ referenceRows, rows }, other) => {
        const reference = compileReference(referenceRows);
        const [before, after] = [full(reference, rows), full(reference, other)];
        for (const plan of before) {
          expect(diffPlans(plan, plan)).toEqual({ upserts: [], removals: [], changes: [], conflictUpserts: [], conflictRemovals: [] });
          const next = after.find(({ scope }) => scope === plan.scope) ?? { ...plan, lines: [], conflicts: [], premises: [], tieOuts: [] };
          for (const { before, after, causes } of diffPlans(plan, next).changes) {
            expect(causes.reduce((sum, { amount }) => sum + amount, 0n)).toBe((after ?? 0n) - (before ?? 0n));
            expect(causes.length).toBeGreaterThan(0);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

function within(reference: Reference, tree: 'products' | 'regions', name: string, above: string): boolean {
  const [node, top] = [reference[tree].get(name), reference[tree].get(above)];
  return node !== undefined && top !== undefined && isUnder(node, top);
}

/** What people do between runs. */
type Edit =
  | { do: 'put'; row: AdjustmentRow }
  | { do: 'delete' | 'withdraw' | 'drop-capacity' | 'drop-baseline'; at: number }
  | { do: 'move'; at: number; product: string }
  | { do: 'freeze' | 'thaw'; period: string };

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ do: fc.constant('put' as const), row: adjustment }),
  fc.record({ do: fc.constantFrom('delete' as const, 'withdraw' as const, 'drop-capacity' as const, 'drop-baseline' as const), at: fc.nat(30) }),
  fc.record({ do: fc.constant('move' as const), at: fc.nat(30), product: fc.constantFrom('bikes', 'city-1', 'bell') }),
  fc.record({ do: fc.constantFrom('freeze' as const, 'thaw' as const), period: fc.constantFrom(...PERIODS) }),
);

interface State {
  rows: ScopeRows;
  frozen: Set<string>;
}

const image = (row: object | undefined): PlanningChange['before'] => (row === undefined ? null : (row as Record<string, unknown>));

function replaced<K extends keyof ScopeRows>(state: State, table: K, old: ScopeRows[K][number] | undefined, next?: ScopeRows[K][number]): State {
  const kept = (state.rows[table] as readonly unknown[]).filter((row) => row !== old);
  return { ...state, rows: { ...state.rows, [table]: next === undefined ? kept : [...kept, next] } };
}

/** The state after an edit, and the change event that tells of it. */
function apply(state: State, each: Edit): { state: State; change: PlanningChange } | undefined {
  const pick = <T>(rows: readonly T[], at: number): T | undefined => rows[at % Math.max(rows.length, 1)];
  const change = (table: string, before: object | undefined, after: object | undefined): PlanningChange => ({
    table,
    before: image(before),
    after: image(after),
  });
  switch (each.do) {
    case 'put': {
      const old = state.rows.adjustments.find(({ team, id }) => team === each.row.team && id === each.row.id);
      return { state: replaced(state, 'adjustments', old, each.row), change: change(`${each.row.team}_adjustments`, old, each.row) };
    }
    case 'delete': {
      const old = pick(state.rows.adjustments, each.at);
      return old && { state: replaced(state, 'adjustments', old), change: change(`${old.team}_adjustments`, old, undefined) };
    }
    case 'move': {
      const old = pick(state.rows.adjustments, each.at);
      const next = old && { ...old, product: each.product };
      return next && { state: replaced(state, 'adjustments', old, next), change: change(`${old.team}_adjustments`, old, next) };
    }
    case 'withdraw': {
      const old = pick(state.rows.overrides, each.at);
      const next = old && { ...old, withdrawn: true };
      return next && { state: replaced(state, 'overrides', old, next), change: change('plan_overrides', old, next) };
    }
    case 'drop-capacity': {
      const old = pick(state.rows.capacities, each.at);
      return old && { state: replaced(state, 'capacities', old), change: change('capacities', old, undefined) };
    }
    case 'drop-baseline': {
      const old = pick(state.rows.baseline, each.at);
      return old && { state: replaced(state, 'baseline', old), change: change('baseline', old, undefined) };
    }
    case 'freeze':
    case 'thaw': {
      const frozen = new Set(state.frozen);
      const row = { period: each.period };
      if (each.do === 'freeze') frozen.add(each.period);
      else frozen.delete(each.period);
      return { state: { ...state, frozen }, change: change('frozen_periods', each.do === 'freeze' ? undefined : row, each.do === 'freeze' ? row : undefined) };
    }
  }
}

const nonEmpty = (plans: Iterable<ScopePlan>): ScopePlan[] => [...plans].filter(({ lines, conflicts }) => lines.length + conflicts.length > 0);

describe('incremental runs', () => {
  it('give what full runs give, after any sequence of edits', () => {
    fc.assert(
      fc.property(world, fc.array(fc.array(edit, { minLength: 1, maxLength: 3 }), { maxLength: 6 }), ({ referenceRows, rows }, runs) => {
        const reference = compileReference(referenceRows);
        let state: State = { rows, frozen: new Set() };
        const byFull = new Map<string, PublishedScope>(full(reference, rows).map((plan) => [plan.scope, plan]));
        const byParts = new Map(byFull);
        for (const edits of runs) {
          const touched = new Set<string>();
          for (const each of edits) {
            const done = apply(state, each);
            if (done === undefined) continue;
            state = done.state;
            for (const scope of expandTouched(touchedScopes(reference, done.change), byParts.keys()) ?? []) touched.add(scope);
          }
          const lookup = (plans: ReadonlyMap<string, PublishedScope>) => (scope: string) => plans.get(scope) ?? { lines: [], conflicts: [] };
          const [{ rows, frozen: frozenPeriods }, scopes] = [state, [...touched]];
          const parts = [...reconcileAll({ reference, rows, frozenPeriods, published: lookup(byParts), scopes })];
          for (const plan of parts) byParts.set(plan.scope, plan);
          const everything = [...new Set([...byFull.keys(), ...full(reference, rows).map(({ scope }) => scope)])];
          for (const plan of reconcileAll({ reference, rows, frozenPeriods, published: lookup(byFull), scopes: everything })) byFull.set(plan.scope, plan);
          const plans = (of: Map<string, PublishedScope>): ScopePlan[] =>
            nonEmpty([...of].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, plan]) => plan as ScopePlan));
          expect(bytes(plans(byParts))).toBe(bytes(plans(byFull)));
        }
      }),
      { numRuns: 150 },
    );
  });
});
