import type { TableName } from '#libs/postgres/identifiers';
import { TEAMS } from '../model/inputs.ts';

export const SCHEMA = 'planning';
/** Postgres role (NOLOGIN) that runs publish as. */
export const PLANNING_ROLE = 'planning_flow';

export const REFERENCE_TABLES = [
  'products',
  'regions',
  'periods',
  'units',
  'measures',
  'rates',
  'conflict_rules',
  'assumptions',
  'settings',
  'schedules',
] as const;
export const ADJUSTMENT_TABLES = TEAMS.map((team) => `${team}_adjustments` as const);
/** Tables whose rows belong to one scope each. */
export const SCOPED_TABLES = ['baseline', 'capacities', ...ADJUSTMENT_TABLES, 'plan_overrides', 'conflict_choices'] as const;
export const PLAN_TABLES = ['plan_runs', 'plan_versions', 'plan_lines', 'plan_scopes', 'plan_conflicts', 'plan_changes', 'tie_outs'] as const;
export const ACT_TABLES = ['run_requests', 'frozen_periods', 'plan_comments', 'plan_approvals'] as const;

/** Every table of the flow, under audit. */
export const PLANNING_TABLES: readonly TableName[] = [...REFERENCE_TABLES, ...SCOPED_TABLES, ...PLAN_TABLES, ...ACT_TABLES].map((name) => ({
  schema: SCHEMA,
  name,
}));

const NAME = "text primary key check (%s <> '' and %s !~ '[|]')";
const name = (column: string): string => `${column} ${NAME.replaceAll('%s', column)}`;
const CELL = `product text not null references planning.products,
  region text not null references planning.regions,
  period text not null references planning.periods`;
const MEASURE = 'measure text not null references planning.measures';
const MEASURED = 'amount numeric not null,\n  unit text not null references planning.units';
const LINE = 'product text not null,\n  region text not null,\n  period text not null,\n  measure text not null';
const SCOPE = 'scope text not null';
const PLANNED = 'numeric(38,6) not null';

/** In the order in which they can be created. Names hold no `|`, which separates them in a scope. */
export const CREATE_TABLES: readonly string[] = [
  'create schema planning',
  `create table planning.products (${name('product')}, parent text references planning.products, name text not null default '')`,
  `create table planning.regions (${name('region')}, parent text references planning.regions, name text not null default '')`,
  `create table planning.periods (period text primary key check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'), starts_on date not null, ends_on date not null check (ends_on >= starts_on))`,
  `create table planning.units (unit text primary key, dimension text not null check (dimension <> ''), factor numeric check (factor > 0), check ((factor is null) = (dimension = 'money')))`,
  `create table planning.measures (${name('measure')}, name text not null default '', dimension text not null check (dimension <> ''))`,
  `create table planning.rates (currency text references planning.units, period text references planning.periods, rate numeric not null check (rate > 0), primary key (currency, period))`,
  `create table planning.conflict_rules (measure text primary key references planning.measures, rule text not null check (rule in ('latest', 'priority', 'confidence')), team_order text[] check (team_order <@ array['finance', 'sales', 'supply']))`,
  `create table planning.assumptions (name text primary key, value text not null, unit text, comment text not null default '' check (length(comment) <= 4000), author text, updated_at timestamptz not null)`,
  `create table planning.settings (name text primary key, value text not null)`,
  `create table planning.schedules (name text primary key, cron text not null, time_zone text not null default 'UTC', overlap text not null default 'queue' check (overlap in ('skip', 'queue', 'cancel')),
  catch_up interval not null default '24 hours' check (catch_up >= '0'), enabled boolean not null default true, since timestamptz not null default clock_timestamp())`,
  `create table planning.baseline (${CELL}, ${MEASURE}, ${MEASURED}, ${SCOPE}, primary key (product, region, period, measure))`,
  `create table planning.capacities (${CELL}, ${MEASURED}, ${SCOPE}, author text, updated_at timestamptz not null, primary key (product, region, period))`,
  ...ADJUSTMENT_TABLES.map(
    (table) => `create table planning.${table} (
  id bigint generated always as identity primary key,
  ${CELL},
  ${MEASURE},
  kind text not null default 'delta' check (kind in ('delta', 'percent', 'absolute')),
  amount numeric not null,
  unit text references planning.units,
  confidence numeric(4,3) not null default 1,
  comment text not null default '' check (length(comment) <= 4000),
  author text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  ${SCOPE}
)`,
  ),
  `create table planning.plan_overrides (
  id bigint generated always as identity primary key,
  ${CELL},
  ${MEASURE},
  ${MEASURED},
  reason text not null check (btrim(reason) <> '' and length(reason) <= 4000),
  author text not null,
  created_at timestamptz not null,
  withdrawn boolean not null default false,
  withdrawn_by text,
  withdrawn_at timestamptz,
  ${SCOPE}
)`,
  'create unique index plan_overrides_one_standing on planning.plan_overrides (product, region, period, measure) where not withdrawn',
  `create table planning.conflict_choices (${CELL}, ${MEASURE}, team text not null check (team in ('finance', 'sales', 'supply')), reason text not null default '' check (length(reason) <= 4000),
  author text not null, chosen_at timestamptz not null, ${SCOPE}, primary key (product, region, period, measure))`,
  ...SCOPED_TABLES.map((table) => `create index ${table}_scope on planning.${table} (scope)`),
  `create table planning.plan_runs (
  id bigint generated always as identity primary key,
  cause text not null check (cause in ('schedule', 'change', 'request', 'backfill', 'catch-up')),
  schedule text,
  slot timestamptz,
  request_id bigint,
  scopes text[],
  status text not null check (status in ('running', 'published', 'unchanged', 'failed', 'skipped')),
  version bigint,
  lake_version bigint,
  snapshot text,
  inputs jsonb,
  attempts integer not null default 1,
  lines integer,
  conflicts integer,
  error text,
  started_at timestamptz not null,
  finished_at timestamptz,
  duration_ms integer,
  check ((status = 'running') = (finished_at is null))
)`,
  "create unique index plan_runs_one_at_a_time on planning.plan_runs ((true)) where status = 'running'",
  `create unique index plan_runs_one_a_slot on planning.plan_runs (schedule, slot) where slot is not null and status in ('running', 'published', 'unchanged')`,
  'create index plan_runs_request on planning.plan_runs (request_id)',
  `create table planning.plan_versions (version bigint primary key, run_id bigint not null references planning.plan_runs, created_at timestamptz not null, lines_changed integer not null)`,
  `create table planning.plan_lines (
  ${LINE},
  ${SCOPE},
  unit text not null,
  baseline ${PLANNED},
  assumed ${PLANNED},
  finance ${PLANNED},
  sales ${PLANNED},
  supply ${PLANNED},
  cut ${PLANNED},
  override ${PLANNED},
  amount ${PLANNED},
  capacity numeric(38,6),
  constrained boolean not null,
  overridden boolean not null,
  frozen boolean not null,
  conflict boolean not null,
  contributors jsonb not null,
  version bigint not null,
  updated_at timestamptz not null,
  primary key (product, region, period, measure)
)`,
  `create table planning.plan_scopes (scope text primary key, premises jsonb not null, version bigint not null)`,
  `create table planning.plan_conflicts (id text primary key, ${LINE}, ${SCOPE}, rule text not null, contributors jsonb not null, resolution jsonb not null, version bigint not null)`,
  ...['plan_lines', 'plan_conflicts'].map((table) => `create index ${table}_scope on planning.${table} (scope)`),
  'create index plan_lines_period on planning.plan_lines (period, measure)',
  `create table planning.plan_changes (version bigint not null, ${LINE}, before numeric(38,6), after numeric(38,6), causes jsonb not null, primary key (version, product, region, period, measure))`,
  `create table planning.tie_outs (run_id bigint not null references planning.plan_runs, ${SCOPE}, measure text not null, expected ${PLANNED}, actual ${PLANNED}, difference ${PLANNED}, ok boolean not null, primary key (run_id, scope, measure))`,
  `create table planning.run_requests (id bigint generated always as identity primary key, scopes text[], reason text not null default '' check (length(reason) <= 4000), backfill_from timestamptz, backfill_until timestamptz,
  requested_by text not null, requested_at timestamptz not null, check ((backfill_from is null) = (backfill_until is null) and backfill_until >= backfill_from))`,
  `create table planning.frozen_periods (period text primary key references planning.periods, reason text not null default '' check (length(reason) <= 4000), author text not null, frozen_at timestamptz not null)`,
  `create table planning.plan_comments (id bigint generated always as identity primary key, ${CELL}, ${MEASURE}, body text not null check (btrim(body) <> '' and length(body) <= 4000), author text not null, created_at timestamptz not null)`,
  'create index plan_comments_line on planning.plan_comments (product, region, period, measure)',
  `create table planning.plan_approvals (version bigint primary key references planning.plan_versions, state text not null check (state in ('proposed', 'approved', 'rejected')), note text not null default '' check (length(note) <= 4000),
  proposed_by text not null, proposed_at timestamptz not null, decided_by text, decided_at timestamptz)`,
  // What runs have not taken up yet: written by triggers in the transaction of each change, so that no crash, queue or lag loses one. Neither audited nor published.
  `create table lakeloop.planning_touched (id bigint generated always as identity primary key, xid xid8 not null default pg_current_xact_id(), scope text, period text, at timestamptz not null default clock_timestamp())`,
];
