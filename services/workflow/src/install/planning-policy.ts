import type { PolicyPart } from '#libs/governance/policy/merge-policies';
import type { TablePolicy } from '#libs/governance/policy/policy';
import { TEAMS } from '../flows/planning/model/inputs.ts';
import {
  ACT_TABLES,
  ADJUSTMENT_TABLES,
  PLAN_TABLES,
  PLANNING_ROLE,
  REFERENCE_TABLES,
  SCHEMA,
  SCOPED_TABLES,
} from '../flows/planning/tables/planning-tables.ts';

/** Who sees the plan. */
export const PLANNING_READERS = ['finance', 'sales', 'supply', 'approver', 'auditor', 'administrator', 'analyst', 'agent'] as const;

type Grants = Record<string, TablePolicy>;

const ALL = { columns: '*' } as const;
/** Columns that triggers set are in no grant. */
const CELL = ['product', 'region', 'period'];
const LINE = [...CELL, 'measure'];
const ADJUSTMENT = [...LINE, 'kind', 'amount', 'unit', 'confidence', 'comment'];
const CAPACITY = [...CELL, 'amount', 'unit'];
const ASSUMPTION = ['name', 'value', 'unit', 'comment'];
const CHOICE = [...LINE, 'team', 'reason'];
const BASELINE = [...LINE, 'amount', 'unit'];

function writes(columns: readonly string[]): TablePolicy {
  return { insert: { columns }, update: { columns }, delete: {} };
}

/** What every planner may do beside editing their own table. */
const PLANNER: Grants = {
  plan_overrides: { insert: { columns: [...LINE, 'amount', 'unit', 'reason'] }, update: { columns: ['withdrawn'] } },
  conflict_choices: writes(CHOICE),
  plan_comments: { insert: { columns: [...LINE, 'body'] } },
  run_requests: { insert: { columns: ['scopes', 'reason', 'backfill_from', 'backfill_until'] } },
};
const PROPOSER: Grants = { plan_approvals: { insert: { columns: ['version', 'note'] } } };
/** One of them proposes, another decides: four eyes are a trigger's matter. */
const DECIDER: Grants = {
  plan_approvals: { insert: { columns: ['version', 'note'] }, update: { columns: ['state', 'note'] } },
  frozen_periods: writes(['period', 'reason']),
  conflict_rules: writes(['measure', 'rule', 'team_order']),
};

const BY_ROLE: Readonly<Record<string, Grants>> = {
  finance: {
    ...PLANNER,
    ...DECIDER,
    finance_adjustments: writes(ADJUSTMENT),
    assumptions: writes(ASSUMPTION),
    rates: writes(['currency', 'period', 'rate']),
    baseline: writes(BASELINE),
  },
  sales: { ...PLANNER, ...PROPOSER, sales_adjustments: writes(ADJUSTMENT) },
  supply: { ...PLANNER, ...PROPOSER, supply_adjustments: writes(ADJUSTMENT), capacities: writes(CAPACITY) },
  approver: { ...PLANNER, ...DECIDER },
  analyst: { plan_comments: PLANNER['plan_comments'] ?? {} },
  administrator: {
    ...PLANNER,
    products: writes(['product', 'parent', 'name']),
    regions: writes(['region', 'parent', 'name']),
    periods: writes(['period', 'starts_on', 'ends_on']),
    units: writes(['unit', 'dimension', 'factor']),
    measures: writes(['measure', 'name', 'dimension']),
    rates: writes(['currency', 'period', 'rate']),
    conflict_rules: writes(['measure', 'rule', 'team_order']),
    settings: writes(['name', 'value']),
    schedules: writes(['name', 'cron', 'time_zone', 'overlap', 'catch_up', 'enabled']),
    baseline: writes(BASELINE),
    assumptions: writes(ASSUMPTION),
  },
};

/** Who may do what with the plan. Readers see everything, but for the teams' remarks, which analysts and agents don't. */
export function planningPolicy(): PolicyPart {
  return { roles: { ...Object.fromEntries(PLANNING_READERS.map((role) => [role, grantsOf(role)])), [PLANNING_ROLE]: flowGrants() } };
}

function grantsOf(role: string): Grants {
  const grants: Grants = {};
  const outsider = role === 'analyst' || role === 'agent';
  for (const table of [...REFERENCE_TABLES, ...SCOPED_TABLES, ...PLAN_TABLES, ...ACT_TABLES])
    grants[`${SCHEMA}.${table}`] = { select: outsider && table.endsWith('_adjustments') ? { columns: WITHOUT_REMARKS } : ALL };
  for (const [table, policy] of Object.entries(BY_ROLE[role] ?? {})) grants[`${SCHEMA}.${table}`] = { ...grants[`${SCHEMA}.${table}`], ...policy };
  return grants;
}

const WITHOUT_REMARKS = ['id', ...ADJUSTMENT.filter((column) => column !== 'comment'), 'author', 'created_at', 'updated_at', 'scope'];

function flowGrants(): Grants {
  const read = [...REFERENCE_TABLES, ...SCOPED_TABLES, ...ACT_TABLES].map((table) => [`${SCHEMA}.${table}`, { select: ALL }] as const);
  const written = PLAN_TABLES.map(
    (table) => [`${SCHEMA}.${table}`, { select: ALL, insert: ALL, update: ALL, ...(ERASED.has(table) ? { delete: {} } : {}) }] as const,
  );
  return Object.fromEntries([...read, ...written]);
}

/** A line, scope or conflict that is no more is no row, and what is of the past is forgotten some day (run/forget.ts). Versions stay. */
const ERASED: ReadonlySet<string> = new Set(PLAN_TABLES.filter((table) => table !== 'plan_versions'));

/** Checked at import: a team without its table would be a team that can't plan. */
if (TEAMS.some((team) => !ADJUSTMENT_TABLES.includes(`${team}_adjustments`) || !BY_ROLE[team])) throw new TypeError('a team has no table or no policy');
